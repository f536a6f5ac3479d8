from __future__ import annotations

import pandas as pd
from PIL import Image

from pages.changed_images import row_html

PICTURES = {"original": Image.new("RGB", (8, 8)), "background greyed": Image.new("RGB", (8, 8), "red")}
FACTS = pd.Series(
    {
        "label": "<cow>",
        "predicted": "<cow>",
        "p_true": 0.91,
        "predicted, background greyed": "camel",
        "p_true, background greyed": 0.125,
    }
)


def test_a_row_shows_every_change_with_the_probability_of_the_true_class() -> None:
    text = row_html("s1", FACTS, PICTURES, "label")
    assert text.count("<img") == 2
    assert "p .910" in text
    assert "p .125" in text


def test_a_wrong_answer_is_struck_and_a_right_one_is_not() -> None:
    text = row_html("s1", FACTS, PICTURES, "label")
    assert "<s>camel</s>" in text
    assert "<s>&lt;cow&gt;</s>" not in text


def test_names_from_the_data_cannot_write_markup() -> None:
    assert "<cow>" not in row_html("s1", FACTS, PICTURES, "label")


def test_a_sample_without_probabilities_shows_its_answers_alone() -> None:
    facts = FACTS.drop(["p_true", "p_true, background greyed"])
    text = row_html("s1", facts, PICTURES, "label")
    assert "camel" in text
    assert "p ." not in text
