from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.preferences import FILE, Preferences, change_preferences, device_problem, read_preferences


def test_before_anything_is_chosen_the_defaults_hold(tmp_path: Path) -> None:
    assert read_preferences(tmp_path) == Preferences(device="auto", tour_seen=False)


def test_one_change_leaves_the_other_choice_as_it_is(tmp_path: Path) -> None:
    change_preferences(tmp_path, device="cpu")
    assert change_preferences(tmp_path, tour_seen=True) == Preferences(device="cpu", tour_seen=True)
    assert read_preferences(tmp_path) == Preferences(device="cpu", tour_seen=True)


def test_a_wrong_device_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    change_preferences(tmp_path, device="cpu")
    with pytest.raises(InputError, match="`device` must be one of auto, cuda, mps, cpu; got 'tpu'"):
        change_preferences(tmp_path, device="tpu")
    assert read_preferences(tmp_path).device == "cpu"


def test_a_newer_versions_choice_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"device": "cpu", "colour": "green"}), encoding="utf-8")
    assert read_preferences(tmp_path).device == "cpu"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"preferences\.json` must be JSON"):
        read_preferences(tmp_path)


def test_the_cpu_is_always_there() -> None:
    assert device_problem("cpu") == ""
    assert device_problem("auto") == ""


def test_a_device_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device" in device_problem("cuda")
