"""Ninety secrets as people and programs write them, each found whole, and numbers that look like data and are none."""

import random
import re
import string

import pytest

from seatrial import Row, Turn
from seatrial_plugins.privacy import privacy

ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "l": string.ascii_letters,
    "u": string.ascii_uppercase + string.digits,
    "d": string.digits,
    "h": "0123456789abcdef",
    "s": string.ascii_letters + string.digits + "-_",
    "b": string.ascii_letters + string.digits + "+/",
}
# What is drawn: `{w36}` is 36 signs of an alphabet, here so that no scanner takes this file for a leak.
FILLED = {"PASSWORD": "Tr0ub4" + "dor&3x", "SIMPLE": "harbour" + "Mist42", "WORD": "harbour"}

SECRETS = r"""
AWS_ACCESS_KEY_ID=‹AKIA{u16}›
aws_secret_access_key = ‹{b40}›
aws_session_token=‹IQoJb3JpZ2luX2VjE{b200}==›
GITHUB_TOKEN: ‹ghp_{w36}›
token ‹github_pat_{w22}_{w59}› leaked
PRIVATE-TOKEN: ‹glpat-{s20}›
‹glcbt-{w2}_{s20}›
slack: ‹xoxb-{d12}-{d12}-{w24}›
cookie d and ‹xoxc-{d12}-{d12}-{d12}-{h64}›
‹https://hooks.slack.com/services/T{u8}/B{u8}/{w24}›
STRIPE_KEY=‹sk_live_{w24}›
and ‹rk_live_{w24}›
signing: ‹whsec_{w32}›
OPENAI_API_KEY=‹sk-{w20}T3BlbkFJ{w20}›
key = "‹sk-proj-{s74}T3BlbkFJ{s74}›"
ANTHROPIC_API_KEY=‹sk-ant-api03-{s93}AA›
openrouter key: ‹sk-or-v1-{h64}›
GOOGLE_API_KEY=‹AIza{s35}›
Authorization: Bearer ‹ya29.{s120}›
client_secret: ‹GOCSPX-{s28}›
refresh_token=‹1//0{s60}›
HF_TOKEN=‹hf_{l34}›
npm token ‹npm_{w36}›
TWINE_PASSWORD=‹pypi-AgEIcHlwaS5vcmc{s70}›
VAULT_TOKEN=‹hvs.{s24}›
vault: ‹hvb.{s140}›
notion: ‹secret_{w43}›
linear ‹lin_api_{w40}›
jira ‹ATATT3xFfGF0{s180}›
bitbucket ‹ATBB{w32}›
NEW_RELIC=‹NRAK-{u27}›
mailgun ‹key-{h32}›
SENDGRID=‹SG.{s22}.{s43}›
twilio ‹SK{h32}›
account ‹AC{h32}›
mailchimp ‹{h32}-us12›
bot ‹{d10}:AA{s33}›
discord ‹M{w23}.{w6}.{s27}›
‹dop_v1_{h64}›
databricks ‹dapi{h32}›
SHOPIFY=‹shpat_{h32}›
square ‹sq0csp-{s43}›
DOCKER=‹dckr_pat_{s27}›
grafana ‹glsa_{w32}_{h8}›
terraform ‹{w14}.atlasv1.{s64}›
figma ‹figd_{s40}›
postman ‹PMAK-{h24}-{h34}›
airtable ‹pat{w14}.{h64}›
AccountKey=‹{b86}==›;
?sv=2022-11-02&sr=b&sig=‹{w20}%2B{w20}%3D›&se=2024-01-01
sonar ‹sqp_{h40}›
//registry.npmjs.org/:_authToken=‹{h8}-{h4}-4{h3}-a{h3}-{h12}›
HEROKU_API_KEY=‹{h8}-{h4}-4{h3}-a{h3}-{h12}›
‹-----BEGIN RSA PRIVATE KEY-----\n{b64}\n{b64}\n{b64}\n-----END RSA PRIVATE KEY-----›
‹-----BEGIN OPENSSH PRIVATE KEY-----\n{b64}\n{b64}\n{b64}\n-----END OPENSSH PRIVATE KEY-----›
authorization: bearer ‹{w40}›
x-api-key: ‹{h32}›
api-key: ‹{w32}›
Ocp-Apim-Subscription-Key: ‹{h32}›
?access_token=‹{w40}›&x=1
DATADOG_API_KEY: ‹{h32}›
DB_PASSWORD=‹PASSWORD›
export PGPASSWORD=‹SIMPLE›
password: ‹PASSWORD›
"password": "‹PASSWORD›"
MYSQL_PWD='‹PASSWORD›'
Passwort: ‹PASSWORD›
spring.datasource.password=‹SIMPLE›
Server=tcp:db,1433;Database=shop;User ID=sa;Password=‹PASSWORD›;Encrypt=True
jdbc:mysql://h:3306/db?user=root&password=‹WORD›&useSSL=false
jdbc:sqlserver://h;databaseName=d;user=sa;password=‹PASSWORD›;
postgres://jo:‹WORD›@h:5432/db
mongodb+srv://admin:‹WORD›@c0.example/test
redis://:‹WORD›@h:6379/0
git clone https://oauth2:‹SIMPLE›@x.example/y.git
ftp://jo:‹WORD›@ftp.example.com/
Authorization: Basic ‹am86aGFyYm91cg==›
curl -u admin:‹WORD› https://x.example/
mysql -u root -p‹WORD› shop
sshpass -p ‹WORD› ssh jo@h
docker login -u jo -p ‹WORD› r.example
wget --user=jo --password=‹SIMPLE› https://x.example/
machine x.example login jo password ‹WORD›
net use Z: \\srv\share ‹WORD› /user:jo
<password>‹PASSWORD›</password>
my wifi password is ‹SIMPLE›
DSN=x;UID=jo;PWD=‹WORD›;
groq ‹gsk_{w52}›
netlify ‹nfp_{w38}›
replicate ‹r8_{w37}›
""".strip().splitlines()


def drawn(notation):
    """A notation with its pieces drawn, and the secret in it, which stands between ‹ and ›."""
    draw = random.Random(notation)
    text = re.sub(
        r"\{([a-z])(\d+)\}", lambda piece: "".join(draw.choices(ALPHABETS[piece[1]], k=int(piece[2]))), notation
    )
    text = re.sub(r"(?<=‹)(?:PASSWORD|SIMPLE|WORD)(?=›)", lambda word: FILLED[word[0]], text).replace("\\n", "\n")
    return text.replace("‹", "").replace("›", ""), text.partition("‹")[2].partition("›")[0]


@pytest.fixture(scope="module")
def found():
    privacy_filter = privacy()

    def find(text):
        findings = privacy_filter.inspect([Row("r", (Turn("user", text),), "chat", "s", "f", 1)])
        return [(finding.rule, text[span.start : span.end]) for finding in findings for span in finding.spans]

    return find


def test_there_are_ninety_of_them():
    assert len({*SECRETS}) == len(SECRETS) == 90


@pytest.mark.parametrize("notation", SECRETS, ids=lambda notation: notation[:24].encode("ascii", "replace").decode())
def test_secrets_in_their_usual_notation_are_found_whole(found, notation):
    text, secret = drawn(notation)
    assert found(text) == [("secret", secret)]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Contraseña: Sol3ado99x", "Sol3ado99x"),
        ("mon mot de passe est Soleil2024x", "Soleil2024x"),
        ("Das Passwort lautet Sommer2024x", "Sommer2024x"),
        ("пароль: Zima2023snow", "Zima2023snow"),
        ("密码：Abc12345xyz", "Abc12345xyz"),
        ("비밀번호는Abc12345xyz입니다", "Abc12345xyz"),
        ("パスワードはAbc12345xyzです", "Abc12345xyz"),
        ("secret_key_base: " + "0f1e2d3c4b5a6978" * 4, "0f1e2d3c4b5a6978" * 4),
    ],
)
def test_passwords_are_named_in_other_languages_too(found, text, secret):
    assert found(text) == [("secret", secret)]


@pytest.mark.parametrize(
    "text",
    [
        *("Oracle 11.2.0.4 runs", "since 17.0.2.1", "part 100-50-1000", "cf. 100-200-3000"),
        *("password=abc && run", "Password: ${PASSWORD}", "password_hash: $2b$12$KIXQ0YV8J8z9W8v6o1qZ2e"),
        *(
            "machine learning login form password field",
            "Contraseña: debe tener 8 letras",
            "das Passwort ist vergessen",
        ),
        *(
            "密码是必须包含8个字符的组合",
            "パスワードは8文字以上にしてください",
            "비밀번호는 8자리이상입니다",
            "The password is case-sensitive and needs 8 characters",
            "primary key: user_id_1234567890ab",
            "Enter password: ****",
        ),
    ],
)
def test_what_looks_like_one_is_left(found, text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "datum"),
    [
        *((f"<td>{number}</td>", number) for number in ("415-555-2671", "+44 20 7946 0958")),
        *((f"**{number}**", number) for number in ("415-555-2671", "+44 20 7946 0958")),
        ("Tel. 030 901820<br>", "030 901820"),
        ("Tel. 030 901820=", "030 901820"),
        ("Tel. 030 901820>", "030 901820"),
        ("card 4111\u20091111\u20091111\u20091111", "4111\u20091111\u20091111\u20091111"),
        ("card 4111\u202f1111\u202f1111\u202f1111", "4111\u202f1111\u202f1111\u202f1111"),
        ("SSN 536\u201190\u20114399", "536\u201190\u20114399"),
        (
            "DE89\u20113704\u20110044\u20110532\u20110130\u201100",
            "DE89\u20113704\u20110044\u20110532\u20110130\u201100",
        ),
    ],
)
def test_data_in_plain_notation_are_found(found, text, datum):
    assert [what for _, what in found(text)] == [datum]
