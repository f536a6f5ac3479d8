import json
import socket

import pytest

from audit.differences.endpoint import Endpoint, Failure, endpoint_of, estimate_tokens
from audit.differences.language import SCHEMA
from audit.errors import InputError
from audit.locations import home_folder
from tests.differences.speaking import GOOD, speaking


@pytest.fixture(scope="module")
def server():
    with speaking() as speaker:
        yield speaker


@pytest.fixture
def speaker(server, monkeypatch):
    server.behaviour, server.requests, server.keys = ["good"], [], []
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    return server


def asked(speaker, *behaviour, **settings):
    speaker.behaviour = list(behaviour)
    endpoint = Endpoint(url=speaker.url, model="m", **{"timeout": 5, "retries": 2, **settings})
    return endpoint.complete("What differs?", schema=SCHEMA)


def test_it_asks_with_key_schema_and_limit(speaker) -> None:
    assert json.loads(asked(speaker, "good")) == GOOD
    request = speaker.requests[0]
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert request["max_tokens"] > 0
    assert speaker.keys == ["Bearer secret-key"]


@pytest.mark.parametrize("trouble", ["failing", "busy"])
def test_a_passing_trouble_is_waited_out(speaker, trouble) -> None:
    assert json.loads(asked(speaker, trouble, trouble, "good")) == GOOD
    assert len(speaker.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "said", "lasting"),
    [
        ("failing", "status 500", False),
        ("busy", "no more requests", True),
        ("locked", "refuses the key", True),
        ("nonsense", "no answer|not the JSON|broke off", False),
        ("words", "not the JSON", False),
        ("partial", "not the JSON", False),
        ("broken off", "broke off", False),
        ("list", "not the JSON", False),
    ],
)
def test_a_lasting_trouble_is_a_failure_in_words(speaker, trouble, said, lasting) -> None:
    with pytest.raises(Failure, match=said) as caught:
        asked(speaker, trouble)
    assert caught.value.lasting is lasting
    assert "secret-key" not in str(caught.value)


def test_a_slow_endpoint_is_not_waited_for_for_ever(speaker) -> None:
    with pytest.raises(Failure, match=r"did not answer within 0\.2 s"):
        asked(speaker, "slow", timeout=0.2, retries=0)


def test_an_endpoint_that_is_down_is_a_failure_in_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Failure, match="cannot be reached"):
        Endpoint(url=f"http://127.0.0.1:{port}/v1", model="m", retries=0).complete("x")


def test_an_unusable_answer_is_asked_for_again(speaker) -> None:
    assert json.loads(asked(speaker, "words", "good")) == GOOD
    assert len(speaker.requests) == 2


def test_a_server_without_schemas_is_asked_without_one(speaker) -> None:
    assert json.loads(asked(speaker, "schemaless")) == GOOD
    assert ["response_format" in request for request in speaker.requests] == [True, False]


def test_an_answer_is_kept_and_no_failure_is(speaker) -> None:
    with pytest.raises(Failure):
        asked(speaker, "failing")
    first = asked(speaker, "good")
    speaker.requests.clear()
    assert asked(speaker, "failing") == first
    assert speaker.requests == []


def test_the_key_is_written_nowhere(speaker) -> None:
    asked(speaker, "good")
    files = [path for path in home_folder().rglob("*") if path.is_file()]
    assert files
    assert not any(b"secret-key" in path.read_bytes() for path in files)


def test_the_address_comes_from_the_environment_alone(monkeypatch) -> None:
    for name in ("MODEL_AUDIT_ENDPOINT", "OPENAI_BASE_URL", "MODEL_AUDIT_ENDPOINT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    assert endpoint_of("m") is None
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT", "http://localhost:8000/v1/")
    assert endpoint_of("") is None
    assert endpoint_of("m") == Endpoint(url="http://localhost:8000/v1", model="m")
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT_SECONDS", "5")
    assert endpoint_of("m").timeout == 5
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT_SECONDS", "soon")
    with pytest.raises(InputError, match="number of seconds"):
        endpoint_of("m")


@pytest.mark.parametrize("address", ["ftp://x/v1", "localhost", "http://user:secret@host/v1"])
def test_an_address_that_is_none_is_refused(address, monkeypatch) -> None:
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT", address)
    with pytest.raises(InputError, match="MODEL_AUDIT_ENDPOINT") as caught:
        endpoint_of("m")
    assert "secret" not in str(caught.value)


def test_tokens_are_not_underestimated_for_english() -> None:
    assert estimate_tokens("a woman doing yoga on a rock " * 20) >= 140
