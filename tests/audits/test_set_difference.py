"""The audit from end to end on a drawn world, and every edge that its methods name."""

import json

import numpy as np
import pandas as pd
import pytest

import audit
from audit.audits.set_difference import SetDifference
from audit.dataset import Dataset, Roles
from audit.demo import write_world
from audit.differences.rows import phrase_of, shows
from audit.differences.selections import save_selection
from audit.errors import InputError
from audit.run import explain_missing
from audit.store import Store
from tests.differences.speaking import speaking
from tests.meanings import idle, unexplained


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    dataset = audit.load_dataset(write_world("menagerie", folder / "menagerie", n=260).parent)
    return dataset, audit.load_model("demo"), Store(folder / "store")


def ask(drawn, **settings):
    dataset, model, store = drawn
    quick = {"draws": 100, "families": ("scenes", "lighting", "weather"), "prompts": ("a photo of {}",), "k": 10}
    return audit.run(SetDifference(**{**quick, **settings}), dataset, model, store=store).result


@pytest.fixture(scope="module")
def night(drawn):
    return ask(drawn, a="light=night", b="light=day")


def test_night_against_day_is_named_in_both_directions(night) -> None:
    rows = night.by_group[night.by_group["kind"] == "hypothesis"]
    named = {letter: " ".join(rows[rows["truer_of"] == letter].head(3).index) for letter in "AB"}
    assert any(word in named["A"] for word in ("night", "dark", "moon", "dim"))
    assert any(word in named["B"] for word in ("day", "sunny", "bright"))
    assert night.verdict.state == "differs"
    assert "light night" in night.verdict.sentence
    assert "of published pairs of sets" in night.verdict.sentence


def test_every_score_and_column_says_what_it_means(night):
    assert not unexplained(SetDifference, night)
    assert not idle(SetDifference)


def test_a_row_carries_interval_q_prevalence_trust_and_source(night) -> None:
    row = night.by_group[night.by_group["kind"] == "hypothesis"].iloc[0]
    assert row["low"] <= row["value"] <= row["high"]
    assert row["q_value"] < 0.05
    assert 0 <= row["prevalence_b"] < row["prevalence_a"] <= 1 or row["truer_of"] == "B"
    assert "right in" in row["trust_band"]
    assert row["source"]
    assert row["null"] == 0.5


def test_scores_have_the_names_that_every_version_shares(night) -> None:
    assert {"top_auroc", "significant_hypotheses", "control_significant_hypotheses"} <= set(night.overall.index)
    assert night.score("control_significant_hypotheses")["value"] == 0
    assert night.score("top_auroc")["null"] > 0.5


def test_samples_carry_set_half_and_what_they_show(night, drawn) -> None:
    table = drawn[0].metadata
    assert (night.by_sample["set"].eq("A") == table["light"].eq("night")).all()
    assert (night.by_sample["set"].eq("B") == table["light"].eq("day")).all()
    halves = night.by_sample["half"].groupby(table["group_id"]).nunique()
    assert halves.max() == 1
    phrase = phrase_of(night.by_group[night.by_group["kind"] == "hypothesis"]["where"].iloc[0])
    assert set(night.by_sample[shows(phrase)].dropna()) <= {"yes", "no"}


def test_settings_hold_seed_words_and_sizes_of_the_halves(night) -> None:
    assert night.settings["words_a"] == "light night"
    assert night.settings["seed"] == 0
    assert night.settings["validate_a"] > 0


def test_pictures_stand_beside_the_best_of_each_direction_and_both_ends_of_a_chosen_one(night, drawn) -> None:
    question, dataset = SetDifference(), drawn[0]
    (panel,) = question.panels(night, dataset, "")
    assert len(panel.rows) == 2
    assert [group.title[0] for group in panel.rows[0].groups] == ["A", "B"]
    (chosen,) = question.panels(night, dataset, panel.rows[0].where)
    assert [len(row.groups) for row in chosen.rows] == [2, 2]
    for row, letter in zip(chosen.rows, "AB", strict=True):
        for group in row.groups:
            ids = [picture.sample_id for picture in group.pictures]
            assert set(night.by_sample.loc[ids, "set"]) == {letter}
            assert set(night.by_sample.loc[ids, "half"]) == {"validate"}
    assert chosen.figures


def test_figures_show_hypotheses_scores_and_captions(night, drawn) -> None:
    titles = [figure.title for figure in SetDifference().figures(night, drawn[0])]
    assert titles[0].startswith("Phrases truer of A")
    assert "What captions say" in titles


def test_without_sets_wrong_is_compared_with_right_and_it_says_so(drawn) -> None:
    result = ask(drawn)
    assert any("wrong predictions (A)" in note for note in result.notes)
    assert set(result.by_sample["set"].dropna()) == {"A", "B"}
    assert (result.by_group["kind"] == "class_mix").any()


def test_matching_makes_the_classes_equally_frequent(drawn) -> None:
    result = ask(drawn, a="background=snow", b="background=meadow", match_classes=True)
    labels = drawn[0].metadata["label"]
    counts = pd.crosstab(labels, result.by_sample["set"])
    assert (counts["A"] == counts["B"]).all()
    mix = result.by_group[result.by_group["kind"] == "class_mix"]
    assert np.allclose(mix["value"], 0)


def test_a_cell_of_the_confusion_matrix_asks_what_tells_its_classes_apart(drawn) -> None:
    dataset, model, store = drawn
    wrong = audit.run("subgroup_discrepancy", dataset, model, store=store, settings={"draws": 200}).result.by_sample
    pairs = pd.crosstab(dataset.metadata["label"], wrong["predicted"])
    true, predicted = max(
        ((a, b) for a in pairs.index for b in pairs.columns if a != b), key=lambda cell: pairs.loc[cell]
    )
    result = ask(drawn, a=f"cell:{true}>{predicted}", families=("objects", "attributes"))
    rows = result.by_group[result.by_group["kind"] == "class_attribute"]
    assert set(rows["belongs_to"]) <= {true, predicted}
    assert len(rows) >= 2
    assert result.settings["words_b"] == f"label {true}, right predictions"


def test_a_kept_selection_a_file_and_a_where_name_the_same_samples(drawn, tmp_path, monkeypatch) -> None:
    dataset = drawn[0]
    ids = dataset.index[(dataset.metadata["light"] == "night").to_numpy()]
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"sample_id": ids}).to_csv("night.csv", index=False)
    name = save_selection(list(ids), "the dark ones")
    found = [ask(drawn, a=a, b="light=day") for a in (f"selection:{name}", "file:night.csv", '{"light": "night"}')]
    for result in found:
        assert set(result.by_sample.index[result.by_sample["set"] == "A"]) == set(ids)
    assert found[0].settings["words_a"] == "the dark ones"


def test_overlapping_sets_are_refused_and_the_overlap_is_listed(drawn) -> None:
    with pytest.raises(InputError, match=r"must not overlap; .* samples are in both: menagerie-test-"):
        ask(drawn, a="light=night", b="background=snow")


def small(n, *, captions=None, embeddings=True, group=None):
    """Return n + 40 samples without images; A has n."""
    draw = np.random.default_rng(0)
    rows = n + 40
    said = captions or [f"a {'red dog' if i < n else 'blue cat'} in a field" for i in range(rows)]
    metadata = pd.DataFrame(
        {"side": ["a"] * n + ["b"] * 40, "caption": said, **({"person": group} if group else {})},
        index=pd.Index([f"s{i}" for i in range(rows)], name="sample_id"),
    )
    roles = Roles(attributes=("side",), caption="caption", group_id="person" if group else None)
    arrays = {"embeddings": draw.normal(size=(rows, 8))} if embeddings else {}
    return Dataset(name="small", metadata=metadata, roles=roles, arrays=arrays)


def test_without_a_text_encoder_captions_are_tested_alone_and_it_says_so() -> None:
    result = audit.run(SetDifference(a="side=a", b="side=b"), small(40)).result
    assert any("no text encoder" in note and "Fisher" in note for note in result.notes)
    assert set(result.by_group["kind"]) == {"caption_term"}
    assert {"dog", "cat"} & set(result.by_group.index[result.by_group["q_value"] < 0.05]) or (
        {"red", "blue"} & set(result.by_group.index[result.by_group["q_value"] < 0.05])
    )
    assert result.verdict.state == "differs"
    assert np.isnan(result.score("top_auroc")["value"])


def test_without_a_text_encoder_and_without_captions_it_says_what_is_lacking() -> None:
    dataset = small(40).with_roles(Roles(attributes=("side",)))
    reasons = explain_missing(SetDifference(a="side=a"), dataset)
    assert reasons
    assert "ranked" in reasons[0]


def test_a_small_set_warns_and_a_smaller_one_is_refused() -> None:
    result = audit.run(SetDifference(a="side=a", b="side=b"), small(12)).result
    assert any("12 samples only" in note for note in result.notes)
    with pytest.raises(InputError, match="at least 6 samples"):
        audit.run(SetDifference(a="side=a", b="side=b"), small(5))


def test_empty_and_foreign_captions_are_counted_and_told() -> None:
    said = ["" if i % 4 == 0 else f"ein roter hund läuft durch das feld {i}" for i in range(80)]
    result = audit.run(SetDifference(a="side=a", b="side=b"), small(40, captions=said)).result
    assert any("20 of 80 samples have an empty caption" in note for note in result.notes)
    assert any("not to be English" in note for note in result.notes)


def test_too_few_groups_are_no_evidence() -> None:
    group = [f"p{i // 10}" for i in range(80)]
    result = audit.run(SetDifference(a="side=a", b="side=b"), small(40, group=group)).result
    assert result.verdict.state != "differs"


@pytest.mark.parametrize(
    "text", ["nowhere=1", "{broken", "selection:none", "file:/etc/passwd", "file:none.csv", "cell:x"]
)
def test_a_set_that_names_nothing_is_refused_in_words(text) -> None:
    assert explain_missing(SetDifference(a=text), small(40))


@pytest.mark.parametrize("settings", [{"prompts": ("no place",)}, {"prompts": ()}, {"proposers": ()}])
def test_parameters_that_cannot_be_are_refused(settings) -> None:
    with pytest.raises(InputError):
        SetDifference(**settings)


def test_an_endpoint_that_fails_leaves_the_other_proposers_and_one_that_answers_adds_its_own(
    drawn, monkeypatch
) -> None:
    asked = {"a": "light=night", "b": "light=day", "language_model": "m", "token_budget": 50_000}
    with speaking() as speaker:
        monkeypatch.setenv("MODEL_AUDIT_ENDPOINT", speaker.url)
        speaker.behaviour = ["locked"]
        failed = ask(drawn, proposers=("vocabulary", "language_model"), seed=1, **asked)
        speaker.behaviour = ["good"]
        answered = ask(drawn, proposers=("language_model",), seed=2, **asked)
    assert any("3 of 3 requests failed" in note for note in failed.notes)
    assert set(failed.by_group.query("kind == 'hypothesis'")["source"]) == {"vocabulary"}
    assert set(answered.by_group.query("kind == 'hypothesis'")["source"]) == {"language model"}
    assert "snow" in " ".join([*answered.by_group.index, *answered.by_group["stands_for"].dropna()])


def test_its_where_texts_are_json_that_selects_samples(night, drawn) -> None:
    from audit.base import select

    table = drawn[0].metadata.join(night.by_sample)
    for where in night.by_group["where"].dropna():
        assert isinstance(json.loads(where), dict)
        select(where, table)
