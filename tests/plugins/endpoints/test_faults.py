"""What an endpoint may do wrong, and what becomes of the requests."""

import signal
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from seatrial import Turn
from seatrial.errors import SourceError, StageError
from seatrial_plugins.endpoints.attempt import _retry_after
from seatrial_plugins.endpoints.chat_model import _is_named
from seatrial_plugins.endpoints.client import Limits
from seatrial_plugins.endpoints.endpoint_loader import EndpointLoader, EndpointOptions

from .faults import Fault, faulty_server, said

SECRET = "sk-house-0123456789"  # the tests' own


@contextmanager
def opened(server, *, name="m", key=None, **limits):
    limits = Limits(**{"timeout": 20.0, "concurrency": 4, "retries": 3, "backoff": 0.01, **limits})
    loader = EndpointLoader(EndpointOptions(api_key_env=key, limits=limits))
    with loader.open(loader.resolve(f"openai:{server.url}#{name}", None, None)) as model:
        yield model


def asked(model, *texts, **options):
    prompts = [(Turn("user", text),) for text in texts]
    return [answer.text for answer in model.generate(prompts, **{"max_new_tokens": 5, **options})]


def test_each_request_says_what_was_asked_for():
    with faulty_server() as server, opened(server, name="org/m") as model:
        prompt = (Turn("system", "Shout."), Turn("user", "hi"))
        assert model.generate([prompt], max_new_tokens=7, stop=list("abcde"))[0].text == "HI"
        (request,) = server.requests
        assert request == {
            "model": "org/m",
            "messages": [{"role": "system", "content": "Shout."}, {"role": "user", "content": "hi"}],
            "max_tokens": 7,
            "temperature": 0.0,
            "seed": 0,
            "stop": ["a", "b", "c", "d"],
        }
        assert "authorization" not in {name.lower() for name in server.headers_seen[0]}
        assert model.facts["served"] == ["served-name"]


@pytest.mark.parametrize(
    ("name", "warns"),
    [
        ("m", True),
        ("served", True),
        ("served-name-mini", True),
        ("served-name", False),
        ("Served-Name", False),
        ("org/served-name", False),
    ],
)
def test_a_server_that_answers_as_another_model_is_said_to(name, warns):
    with faulty_server() as server, opened(server, name=name) as model:
        asked(model, "hi")
        assert ("warnings" in model.facts) is warns
        if warns:
            (said,) = model.facts["warnings"]
            assert f"asked for the model {name!r} and answered as 'served-name'" in said


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4", "gpt-4-0613", True),
        ("llama3", "llama3:latest", True),
        ("org/tiny", "org/tiny@main", True),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", True),
        ("mistral-large-latest", "mistral-large-2411", True),
        ("gemini-1.5-pro-latest", "models/gemini-1.5-pro-002", True),
        ("llama3:latest", "llama3", True),
        ("meta-llama/X", "/models/X", True),
        ("meta-llama/X", "./X/", True),
        ("/models/X", "meta-llama/X", True),
        ("a/org/m", "org/m", True),
        ("claude-3-5-sonnet-latest", "claude-3-5-haiku-20241022", False),
        ("meta-llama/X", "/models/Y", False),
        ("/runs/ckpt-100/merged", "/runs/ckpt-500/merged", False),
        ("/runs/ckpt-100/merged", "/runs/ckpt-100/merged/", True),
        ("router", "router-500", False),
        ("router", "router-1000", False),
        ("router", "router-1500", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("llama3:70b", "llama3:8b", False),
        ("org/m", "other/m", False),
    ],
)
def test_a_version_of_the_model_that_was_asked_for_is_that_model(asked, served, same):
    assert _is_named(asked, served) is same


def test_answers_stand_in_the_order_of_their_prompts_and_equal_ones_are_asked_once():
    with faulty_server() as server, opened(server) as model:
        server.seconds = 0.02
        texts = [f"text {number % 15}" for number in range(30)]
        assert asked(model, *texts) == [text.upper() for text in texts]
        assert len(server.requests) == 15
        assert server.most_at_once <= 4


PASSING = {
    "429": Fault({"error": {"message": "slow down"}}, 429),
    "500": Fault(b"oops", 500),
    "503": Fault(b"", 503),
    "reset": Fault(befalls="reset"),
    "truncated": Fault(said("half"), befalls="truncate"),
}


@pytest.mark.parametrize("kind", PASSING)
def test_what_may_pass_is_tried_again(kind):
    with faulty_server(PASSING[kind], PASSING[kind]) as server, opened(server) as model:
        assert asked(model, "hello") == ["HELLO"]
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("kind", "told"),
    [("429", "slow down"), ("500", "500 .*oops"), ("503", "503"), ("reset", "broke off"), ("truncated", "broke off")],
)
def test_what_does_not_pass_is_an_error_that_says_what_and_how_often(kind, told):
    with (
        faulty_server(*[PASSING[kind]] * 4) as server,
        opened(server) as model,
        pytest.raises(StageError, match=f"{server.url}/chat/completions: .*{told}.*; asked 4 times"),
    ):
        asked(model, "hello")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault({"error": {"message": "context of 512 tokens exceeded"}}, 400), "400 .*context of 512 tokens exceeded"),
        (Fault({"detail": [{"loc": ["body"]}]}, 422), "422"),
        (Fault({"error": {"message": "You ran out", "code": "insufficient_quota"}}, 429), "429 .*You ran out"),
        (Fault(b"", 302, {"location": "http://127.0.0.1:9/elsewhere"}), "302 .*redirects are not followed"),
        (Fault(b"not implemented", 501), "501"),
        (Fault(b"<html>proxy</html>"), "no JSON object: <html>proxy</html>"),
        (Fault(b'{"choices": [{"mess'), "no JSON object"),
        (Fault(b"[" * 100_000), "no JSON object"),
        (Fault(b"[]"), "no JSON object"),
        (Fault({"choices": 3}), "no chat completion"),
        (Fault(b"\xff\xfe\x00"), "no JSON object"),
        (Fault(b" " * (17 << 20)), "more than 16 MiB"),
        (Fault(b"?", 799), "799"),
    ],
)
def test_what_would_be_the_same_again_is_not_tried_again(fault, told):
    with faulty_server(fault) as server, opened(server) as model:
        with pytest.raises(StageError, match=told):
            asked(model, "hello")
        assert len(server.requests) == 1


@pytest.mark.parametrize("befalls", ["hang", "drip"])
def test_a_server_that_hangs_is_not_waited_for_longer_than_the_timeout(befalls):
    fault = Fault(said("never"), befalls=befalls)
    with (
        faulty_server(fault, fault) as server,
        opened(server, timeout=0.4, retries=1) as model,
        pytest.raises(StageError, match=r"no answer within 0.4 s; asked 2 times"),
    ):
        asked(model, "hello")


def test_everybody_waits_for_who_asked_to_be_left_alone():
    with faulty_server(Fault(b"", 429, {"retry-after": "1"})) as server, opened(server, concurrency=1) as model:
        assert asked(model, "a", "b") == ["A", "B"]
        first, *rest = server.times
        assert len(rest) == 2
        assert min(rest) - first >= 1


def test_retry_after_may_be_a_date_and_one_that_means_nothing_is_left_aside():
    assert 90 < _retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=100))) <= 100
    assert _retry_after("2.5") == 2.5
    for value in ("", "soon", "-3", "nan", "inf", format_datetime(datetime.now(UTC) - timedelta(seconds=9))):
        assert _retry_after(value) == 0


def test_a_wait_of_hours_is_told_instead_of_waited():
    with faulty_server(Fault(b"daily limit", 429, {"retry-after": "7200"})) as server, opened(server) as model:
        with pytest.raises(StageError, match="daily limit; and asks to be left alone for 7200 s"):
            asked(model, "a")
        assert len(server.requests) == 1


def test_requests_keep_to_the_rate():
    with faulty_server() as server, opened(server, requests_per_minute=600) as model:
        began = time.monotonic()
        asked(model, *"abcde")
        assert max(server.times) - began >= 0.4


def test_one_that_fails_leaves_the_others_their_answers_and_nobody_is_asked_twice():
    with faulty_server(Fault({"error": "no"}, 400)) as server, opened(server, concurrency=1) as model:
        with pytest.raises(StageError, match="400"):
            asked(model, "a", "b", "c")
        with pytest.raises(StageError, match="400"):
            asked(model, "a")
        assert asked(model, "b") == ["B"]
        assert asked(model, "c") == ["C"]
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_name_is_told_to_all_and_asked_once(status):
    with faulty_server(*[Fault({"error": "who?"}, status)] * 9) as server, opened(server, concurrency=1) as model:
        for text in ("a", "b", "c"):
            with pytest.raises(StageError, match=f"{status} .*who"):
                asked(model, text)
        assert len(server.requests) == 1


def test_a_server_that_is_gone_is_told_at_once_for_later_rows():
    with faulty_server() as server, opened(server, backoff=0.2, retries=3) as model:
        assert asked(model, "a") == ["A"]
        server.kill()
        with pytest.raises(StageError, match=r"cannot be reached .*; asked 4 times"):
            asked(model, "b")
        for number in range(20):
            with pytest.raises(StageError, match="cannot be reached") as told:
                asked(model, f"c{number}")
            assert "times" not in str(told.value)  # one attempt


def test_nobody_listening_is_told_when_the_model_is_opened():
    with faulty_server() as server:
        pass
    with pytest.raises(SourceError, match=r"cannot be reached .*start the server"), opened(server):
        pass


def test_a_server_killed_after_it_was_reached_is_an_error_of_its_rows_not_of_the_run():
    with faulty_server() as server:
        loader = EndpointLoader(EndpointOptions(limits=Limits(retries=0)))
        target = loader.resolve(f"openai:{server.url}#m", None, None)
        with loader.open(target) as model:
            assert asked(model, "a") == ["A"]
    with loader.open(target) as model, pytest.raises(StageError, match="cannot be reached"):
        asked(model, "a")


def test_the_key_is_sent_and_stands_in_no_error_and_no_fact(monkeypatch, caplog):
    monkeypatch.setenv("HOUSE_KEY", SECRET)
    refused = Fault({"error": {"message": f"Incorrect API key provided: {SECRET}"}}, 403)
    with caplog.at_level("DEBUG"), faulty_server(refused) as server, opened(server, key="HOUSE_KEY") as model:
        with pytest.raises(StageError, match=r"403 .*Incorrect API key provided: \[the key\]") as told:
            asked(model, "a")
        assert server.headers_seen[0]["authorization"] == f"Bearer {SECRET}"
        assert model.facts["api_key_env"] == "HOUSE_KEY"
        assert SECRET not in str(model.facts)
        while told is not None and (error := getattr(told, "value", told)) is not None:
            assert SECRET not in repr(error)
            told = error.__cause__ or error.__context__
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "x" * 180 + SECRET}},
        {"detail": {SECRET: 1}},
        {"choices": [{"message": {"reasoning": SECRET}}]},
        {"choices": [{"message": {"content": "x"}, "finish_reason": "error", "why": SECRET}]},
        b"no JSON: " + SECRET.encode(),
        b'{"error": "' + SECRET.replace("-", "\\u002d").encode() + b'"}',
    ],
)
def test_a_success_that_quotes_the_key_is_quoted_without_it(monkeypatch, body):
    monkeypatch.setenv("HOUSE_KEY", SECRET)
    with faulty_server(Fault(body)) as server, opened(server, key="HOUSE_KEY") as model:
        with pytest.raises(StageError) as told:
            asked(model, "a")
        assert SECRET[:8] not in str(told.value)


@pytest.mark.parametrize(("key", "left"), [(SECRET, "[the key]"), ("EMPTY", "EMPTY")])
def test_an_answer_holds_no_key_and_keeps_a_word_that_stands_for_one(monkeypatch, key, left):
    monkeypatch.setenv("HOUSE_KEY", key)
    with faulty_server(Fault(said(f"It is {key}"))) as server, opened(server, key="HOUSE_KEY") as model:
        assert asked(model, "a") == [f"It is {left}"]


@pytest.fixture
def interruptible():
    """Python's own handling of SIGINT: a shell starts what runs in the background without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_block_at_once_and_leaves_no_thread():
    with faulty_server(Fault(befalls="hang"), Fault(befalls="hang")) as server:

        def interrupt():
            until = time.monotonic() + 100
            while len(server.requests) < 2 and time.monotonic() < until:
                time.sleep(0.01)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        watcher = threading.Thread(target=interrupt)
        began = time.monotonic()
        with opened(server, timeout=600) as model:
            watcher.start()
            with pytest.raises(KeyboardInterrupt):
                asked(model, "a", "b")
        watcher.join()
        assert time.monotonic() - began < 300  # half of what a request may take
        assert "seatrial-endpoint" not in {thread.name for thread in threading.enumerate()}
