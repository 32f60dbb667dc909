import base64

import pytest

from seatrial_plugins.privacy.credentials import credentials

# Joined here, so that no scanner takes this file for a leak.
WORD = "Tr0ub4" + "dor!xY"
HEX = "0f1e2d3c4b5a69788796" + "a5b4c3d2e1f0"
KEY = "aB3dE6gH9jK2mN5pQ8sT" + "1vW4yZ7bC0"


def written(text):
    return sorted({text[start:end] for start, end in credentials(text, text.lower())})


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        # Settings.
        (f"DB_PASSWORD={WORD}", WORD),
        (f"password: {WORD}.", WORD),
        (f"pass: {WORD}", WORD),
        ("MYSQL_ROOT_PASSWORD=harbour42harbour\nMYSQL_DATABASE=x", "harbour42harbour"),
        (f"api-key: {HEX}", HEX),
        (f"X-API-Key: {KEY}", KEY),
        (f"API key: {HEX},", HEX),
        (f"client_secret={KEY}&x=1", KEY),
        ("APP_TOKEN: 7c9e6679-7425-40de-944b-e07fc1f90ae7", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        (f'{{\\"password\\": \\"{WORD}\\"}}', WORD),
        (f"<password>{WORD}</password>", WORD),
        (f'<add key="ApiKey" value="{KEY}" />', KEY),
        (f"my password is {WORD}", WORD),
        ("PASSWORD='P@$$w0rd%1'", "P@$$w0rd%1"),
        # Headers.
        (f"Authorization: Bearer {KEY}", KEY),
        (f"authorization: token {HEX}", HEX),
        (f"curl -H 'authorization: bearer {KEY}'", KEY),
        ("Authorization: Basic " + base64.b64encode(b"jo:harbour").decode(), base64.b64encode(b"jo:harbour").decode()),
        # Connection strings, where any password counts.
        ("Server=db;User Id=sa;Password=harbour;", "harbour"),
        ("Pwd=harbour;Data Source=db", "harbour"),
        ("jdbc:postgresql://h/db?user=jo&password=harbour&ssl=true", "harbour"),
        ("jdbc:oracle:thin:scott/harbour@//h:1521/x", "harbour"),
        ("host=h user=jo password=harbour dbname=x", "harbour"),
        (f"Endpoint=sb://x.example/;SharedAccessKeyName=Root;SharedAccessKey={KEY}=", f"{KEY}="),
        # Addresses.
        ("amqp://guest:harbour@mq:5672/", "harbour"),
        (f"https://x.example/c?sv=2022&sig={KEY}%3D", f"{KEY}%3D"),
        (f"https://x.example/k?X-Amz-Signature={HEX}", HEX),
        # Commands.
        ("curl -u jo:harbour https://x.example", "harbour"),
        (f"tool -u jo:{WORD}", WORD),
        ("wget --user=jo:harbour https://x.example", "harbour"),
        ("mysql -u root -pharbour shop", "harbour"),
        ("sshpass -p harbour ssh jo@h", "harbour"),
        ("docker login -u jo -p harbour r.example", "harbour"),
        (f"tool --password {WORD}", WORD),
        (f"tool --api-key {KEY}", KEY),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_stands_where_secrets_stand(text, secret):
    assert written(text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Password must have 8 characters; your password: 8characters, or password: 12-digit",
        "password=${DB_PASSWORD} password: <yours1234> token: {{ secrets.KEY12345678901234 }}",
        "password=settings.database.password1 password=hashed(value1)",
        "username = password = port",
        "connect(host=h, user=jo, password=secret, key=key1)",
        "PWD=/home/jo/project1 pwd=C:\\Users\\jo1",
        "token: page-after-page-2-of-the-list publicKeyToken=1fc8b3b9a1e18e3b9f",
        "Authorization: Bearer <token> Bearer $TOKEN bearer of good news",
        "basic services, Basic training, Authorization: Basic <base64>",
        "docker run -u 1000:1000 node; rsync -u host:path",
        "mysql -u root -p shop",
        "https://x.example/?sig=short&signature=see-below-for-more-on-this",
        "postgres://jo:$DB_PASSWORD@h/x postgres://jo:%PASS%@h/x postgres://jo:****@h/x",
        "tool --password PASSWORD --token TOKEN --pass through",
        "api_key=your_api_key_1234567890 secret=xxxxxxxxxxxxxxxxxxxx1",
        "arn: secret: arn:aws:secretsmanager:eu-west-1:123456789012",
        "İ" * 20 + "password",
    ],
)
def test_what_gives_nothing_away(text):
    assert written(text) == []
