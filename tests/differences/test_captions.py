import numpy as np
import pandas as pd
import pytest

from audit.differences.captions import count, holds, log_odds, not_english, propose, terms_of, words
from audit.differences.halves import divide_sets
from audit.differences.term_rows import term_tests


def rows_of(captions, side, seed):
    division = divide_sets(side, np.arange(len(side)), seed)
    halves = [[captions[row] for row in division.rows(s, validate=False)] for s in (0, 1)]
    found = propose(halves[0], halves[1], 30)
    direction = np.repeat([0, 1], list(map(len, found)))
    return term_tests([*found[0], *found[1]], direction, captions, division, "benjamini_hochberg")


@pytest.fixture(scope="module")
def yoga(shared_data) -> pd.DataFrame:
    return pd.read_csv(shared_data / "visdiff_example" / "samples.csv")


def test_real_captions_of_yoga_and_meditation_give_the_published_terms(yoga) -> None:
    captions = yoga["caption"].fillna("").tolist()
    rows = rows_of(captions, np.where(yoga["group_name"] == "yoga", 0, 1), 0)
    passing = {(row["truer_of"], row["hypothesis"]) for row in rows if row["q_value"] < 0.05}
    assert {("A", "yoga"), ("A", "doing yoga"), ("B", "meditating")} <= passing


def test_random_halves_of_the_same_real_captions_give_nothing(yoga) -> None:
    captions = yoga["caption"].fillna("").tolist()
    passed = 0
    for seed in range(200):
        side = np.random.default_rng(seed).permutation(len(captions)) % 2
        passed += any(row["q_value"] < 0.05 for row in rows_of(captions, side, seed))
    assert passed <= 6


def test_terms_have_up_to_three_words_and_end_in_content() -> None:
    assert terms_of("A woman doing yoga on the rocks.") == {
        "woman", "woman doing", "woman doing yoga", "doing yoga", "yoga", "rocks",
    }  # fmt: skip


def test_other_scripts_are_words_too() -> None:
    assert words("Eine Frau übt Yoga") == ["eine", "frau", "übt", "yoga"]
    assert words("犬と猫") == ["犬", "と", "猫"]


def test_empty_captions_count_nowhere() -> None:
    table = count(["a dog", "", "a dog", "a dog"], ["a cat", " ", "a cat", "a cat"])
    assert (table.n_a, table.n_b) == (3, 3)
    assert dict(zip(table.terms, table.in_a.tolist(), strict=True)) == {"cat": 0, "dog": 3}


def test_log_odds_are_smoothed_by_one_half() -> None:
    difference, z = log_odds([9], 10, [1], 10)
    assert difference[0] == pytest.approx(2 * np.log(9.5 / 1.5))
    assert z[0] == pytest.approx(difference[0] / np.sqrt(2 / 9.5 + 2 / 1.5))


def test_holding_is_of_whole_words() -> None:
    assert holds(["a catalogue", "the cat sleeps"], ["cat"]).tolist() == [[False, True]]


def test_captions_in_another_language_are_noticed() -> None:
    assert not_english(["eine frau macht yoga auf dem berg"] * 12)
    assert not not_english(["a woman is doing yoga on a mountain"] * 12)


def test_captions_of_one_person_are_no_independent_witnesses() -> None:
    captions = ["a red dog runs" if i < 40 else "a blue cat sleeps" for i in range(80)]
    side = np.repeat([0, 1], 40)
    groups = np.repeat(np.arange(8), 10)
    division = divide_sets(side, groups, 0)
    rows = term_tests(["red dog"], np.array([0]), captions, division, "benjamini_hochberg")
    assert rows[0]["p_value"] >= 1 / 6
