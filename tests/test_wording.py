import math

import pytest

from audit.wording import format_interval, format_p, format_value, in_words, model_words, sentence


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9294, "share", "92.9 %"),
        (-0.032, "points", "-3.2 points"),
        (0.257, "", ".257"),
        (-0.257, "", "-.257"),
        (1.25, "index", "1.250"),
        (0.000171, "", ".00017"),
        (-0.0042, "", "-.0042"),
        (0.0, "", ".000"),
        (123456.0, "count", "123,456"),
        (math.nan, "share", "not defined"),
    ],
)
def test_a_value_is_written_in_its_unit(value: float, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


def test_an_interval_is_written_once_with_its_unit() -> None:
    assert format_interval(0.9, 0.95, "share") == "90.0 to 95.0 %"


def test_an_undefined_interval_is_empty() -> None:
    assert format_interval(math.nan, 0.5) == ""


@pytest.mark.parametrize(("p_value", "text"), [(0.0004, "p < .001"), (0.012, "p = .012"), (math.nan, "")])
def test_a_p_value_is_never_written_as_zero(p_value: float, text: str) -> None:
    assert format_p(p_value) == text


def test_reasons_are_one_sentence() -> None:
    assert sentence(["nothing can be read", "'x' is unknown."]) == "Nothing can be read; 'x' is unknown."
    assert sentence(["'x' is unknown"]) == "'x' is unknown."
    assert sentence([]) == ""


def test_names_read_as_words() -> None:
    assert in_words("worst_group_accuracy") == "worst group accuracy"
    assert in_words("top_auroc") == "AUROC of the top phrase"


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("demo", "demo"),
        ("timm:resnet50?weights=mine.safetensors&num_classes=3", "timm:resnet50 …"),
        ("open_clip:ViT-B-32/laion2b", "open_clip:ViT-B-32/laion2b"),
        ("precomputed?prediction=answer", "precomputed?prediction=answer"),
    ],
)
def test_before_an_audience_a_model_goes_without_its_options(name: str, called: str) -> None:
    assert model_words(name) == called
