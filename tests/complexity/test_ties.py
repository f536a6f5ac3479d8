"""What is said of a feature's tie to an attribute: never a name without its strength, no name for a weak tie."""

import pandas as pd
import pytest

from audit.complexity.overall import _candidates
from audit.complexity.panels import feature_sentence
from audit.complexity.ties import CLEAR, is_clear, tie_words


def feature(name, tied_to, association, *, candidate=True):
    return {
        "row": name,
        "value": 0.2,
        "first_layer": "layer1",
        "importance": 0.1,
        "tied_to": tied_to,
        "association": association,
        "association_q": 0.0001,
        "shortcut_candidate": candidate,
    }


@pytest.mark.parametrize(
    ("tied_to", "association", "words"),
    [
        ("background sand", 0.502, "background sand, strength .502"),
        ("background sand", CLEAR, "background sand, strength .250"),
        ("light dusk", 0.161, "no clear tie, most with light dusk, strength .161"),
        ("", 0.03, ""),
        ("", float("nan"), ""),
    ],
)
def test_the_strength_stands_beside_the_name_and_a_weak_tie_is_said_to_be_none(tied_to, association, words):
    row = feature("atom 1", tied_to, association)
    assert tie_words(row) == words
    assert is_clear(row) == (association >= CLEAR)


def test_the_verdict_names_clear_candidates_with_their_strength_and_counts_the_others():
    rows = [feature("atom 1", "background sand", 0.5), feature("atom 2", "light dusk", 0.161)]
    assert _candidates(rows, "background") == (
        " Shortcut candidates, features both simple and important: atom 1 (background sand, strength .500); "
        "1 further with no clear tie."
    )
    assert _candidates(rows[1:], "") == (" No simple and important feature is clearly tied to an attribute, 1 weakly.")
    assert _candidates([], "") == " No simple and important feature is tied to an attribute."


def test_a_features_own_sentence_says_whether_its_tie_is_clear():
    clear = feature_sentence("atom 1", pd.Series(feature("atom 1", "background sand", 0.5)))
    assert "it goes with background sand (strength .500 of 1, q < .001)" in clear
    weak = feature_sentence("atom 2", pd.Series(feature("atom 2", "light dusk", 0.161)))
    assert "no clear tie, most with light dusk (strength .161 of 1, q < .001)" in weak
    assert "weakly tied to an attribute" in weak
