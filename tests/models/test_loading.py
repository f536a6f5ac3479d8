import logging
import threading
import time
import warnings

import pytest
import torch
from huggingface_hub import constants

from audit.errors import InputError
from audit.models import loading


def test_warnings_and_log_messages_are_collected_once_each_as_lines(capsys):
    with loading.library_messages() as messages:
        warnings.warn("first\n  line", UserWarning, stacklevel=1)
        warnings.warn("first\n  line", UserWarning, stacklevel=1)
        logging.warning("second %d", 2)  # noqa: LOG015 - open_clip speaks through the root logger
        logging.getLogger("timm.models").warning("third")
        logging.getLogger("timm").info("whispered")
    assert messages == ["first line", "second 2", "third"]
    assert capsys.readouterr().err == ""


def test_words_to_the_librarys_own_authors_are_left_out():
    with loading.library_messages() as messages:
        warnings.warn("soon gone", FutureWarning, stacklevel=1)
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)
    assert messages == []


def test_loggers_are_as_they_were_afterwards_even_after_a_failure():
    before = {name: logging.getLogger(name).handlers[:] for name in loading.LOGGERS}
    with pytest.raises(RuntimeError), loading.library_messages():
        raise RuntimeError
    assert {name: logging.getLogger(name).handlers[:] for name in loading.LOGGERS} == before


def test_models_that_load_at_once_take_turns_and_put_back_the_loggers():
    logger = logging.getLogger("timm")
    before, inside = logger.handlers[:], []

    def load():
        with loading.library_messages():
            inside.append("in")
            time.sleep(0.02)
            inside.append("out")

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == ["in", "out"] * 4
    assert logger.handlers == before


def test_drawing_weights_leaves_the_callers_random_state_alone():
    state = torch.random.get_rng_state()
    with loading.seeded(3):
        first = torch.rand(4)
    assert torch.equal(torch.random.get_rng_state(), state)
    with loading.seeded(3):
        assert torch.equal(torch.rand(4), first)


def test_the_hub_is_off_only_while_a_local_model_loads(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with loading.hub(allowed=False):
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


def test_an_unreachable_hub_is_not_asked(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    monkeypatch.setattr(loading.urllib.request, "getproxies", dict)
    with loading.hub():
        assert constants.HF_HUB_OFFLINE


def test_behind_a_proxy_the_hub_is_asked(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    monkeypatch.setattr(loading.urllib.request, "getproxies", lambda: {"https": "http://proxy.invalid"})
    with loading.hub():
        assert not constants.HF_HUB_OFFLINE


def test_a_model_out_of_reach_is_named_with_the_cause_and_the_remedy():
    error = loading.not_available("timm:x", OSError("\nno route.\nmore"), "Give a file.")
    assert isinstance(error, InputError)
    assert str(error).endswith("'timm:x' is not: no route. Give a file.")


def test_versions_are_those_installed():
    assert loading.versions("torch", "no-such-package-at-all") == {"torch": torch.__version__.partition("+")[0]}
