from pathlib import Path

import pytest

from audit.errors import InputError
from audit.models import options


def test_values_are_read_by_their_kind():
    given = {"n": "7", "x": "0.5", "mean": "0.1, 0.2,0.3", "size": "96x64", "on": "Yes", "kind": "a"}
    assert options.integer(given, "n") == 7
    assert options.number(given, "x", low=0, high=1) == 0.5
    assert options.channels(given, "mean") == (0.1, 0.2, 0.3)
    assert options.size(given, "size") == (96, 64)
    assert options.flag(given, "on") is True
    assert options.choice(given, "kind", ("a", "b")) == "a"


def test_one_number_stands_for_all_channels_and_both_sides():
    assert options.channels({"mean": "0.5"}, "mean") == (0.5, 0.5, 0.5)
    assert options.size({"size": "224"}, "size") == (224, 224)


def test_what_is_not_given_is_none():
    found = (
        options.integer({}, "n"),
        options.number({}, "x", low=0, high=1),
        options.channels({}, "mean"),
        options.size({}, "size"),
        options.flag({}, "on"),
        options.choice({}, "kind", ("a",)),
    )
    assert found == (None,) * 6


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: options.integer({"n": "7.5"}, "n"), "`n` must be an integer of at least 0; got '7.5'"),
        (lambda: options.integer({"n": "-1"}, "n"), "got '-1'"),
        (lambda: options.number({"x": "2"}, "x", low=0, high=1), "`x` must be between 0 and 1; got '2'"),
        (lambda: options.number({"x": "a"}, "x", low=0, high=1), "`x` must be a number; got 'a'"),
        (lambda: options.channels({"mean": "1,2"}, "mean"), "one number or three"),
        (lambda: options.size({"size": "0"}, "size"), "`size` must be pixels"),
        (lambda: options.size({"size": "1x2x3"}, "size"), "`size` must be pixels"),
        (lambda: options.flag({"on": "maybe"}, "on"), "true or false; got 'maybe'"),
        (lambda: options.choice({"kind": "c"}, "kind", ("a", "b")), "one of a, b; got 'c'"),
        (lambda: options.random_seed({"seed": "1"}, random=False), "`seed` must be left out"),
    ],
)
def test_an_unreadable_value_is_refused_with_its_name_and_what_came(read, message):
    with pytest.raises(InputError, match=message):
        read()


def test_a_random_model_has_seed_zero_unless_told_otherwise():
    assert options.random_seed({}, random=True) == 0
    assert options.random_seed({"seed": "5"}, random=True) == 5
    assert options.random_seed({}, random=False) is None


def test_only_a_random_model_is_called_untrained():
    assert options.untrained(3) == ["Untrained network: random weights of seed 3."]
    assert options.untrained(None) == []


def test_a_name_shows_the_file_or_the_seed_but_no_folder():
    assert options.model_name("timm", "a", weights=Path("/x/y/w.pt"), seed=None) == "timm:a?weights=w.pt"
    assert options.model_name("timm", "a.random", weights=None, seed=4) == "timm:a.random?seed=4"
    assert options.model_name("timm", "a.b", weights=None, seed=None) == "timm:a.b"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("timm:resnet50.a1_in1k?num_classes=7&mean=0.5&class_names=names.txt", "timm:resnet50.a1_in1k"),
        ("timm:resnet50?mean=0.5&weights=w.pt", "timm:resnet50 (w.pt)"),
        ("precomputed?prediction=model_b", "precomputed (model_b)"),
        (f"timm:{'x' * 80}", f"timm:{'x' * 54}…"),
    ],
)
def test_a_short_name_leaves_the_options_out(spec, words):
    assert options.short_name(spec) == words


def test_two_models_that_differ_in_an_option_have_two_names() -> None:
    given = {"mean": "0.5", "crop": "1", "class_names": "/some/where/names.txt"}
    name = options.model_name("timm", "a", weights=Path("/x/w.pt"), seed=None, options=given)
    assert name == "timm:a?weights=w.pt&mean=0.5&crop=1&class_names=names.txt"
    assert options.model_name("timm", "a.random", weights=None, seed=4, options={"seed": "4"}) == "timm:a.random?seed=4"
