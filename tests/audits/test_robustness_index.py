import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from audit.audits.robustness_index import RobustnessIndex
from audit.base import select
from audit.dataset import Roles
from audit.demo.write import write_world
from audit.errors import InputError
from audit.models import load_model
from audit.readers import load_dataset
from audit.result import Result
from audit.run import run
from audit.store import Store
from tests.meanings import idle, unexplained
from tests.planted import dataset, make, mixed

QUICK = RobustnessIndex(draws=200, permutations=199, probes=False, mitigation=False, k=9, k_max=21)
NAMES = {
    "robustness_index", "robustness_index_2501", "lift", "reweighted_robustness_index", "class_balanced_accuracy",
    "center_balanced_accuracy", "croma", "mari", "ltm10", "f0", "center_error_share", "average_performance_drop",
    "clustering_score",
}  # fmt: skip


def answer(data, tmp_path, audit=QUICK, model="precomputed"):
    return run(audit, data, load_model(model), store=Store(tmp_path / "store")).result


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    data = dataset(*mixed())
    audit = RobustnessIndex(k=11, draws=300, permutations=199, repeats=2)
    return data, audit, answer(data, tmp_path_factory.mktemp("planted"), audit)


def without_center(seed=3):
    return make(seed, 3, 3, 4, 8, 32, 0.5, 0.0, 0.2)


def test_every_score_and_column_says_what_it_means(planted):
    assert not unexplained(RobustnessIndex, planted[2])
    assert {"ilisi", "clisi", "kbet"} <= set(RobustnessIndex.meanings), "the scores of the optional library"
    assert not idle(RobustnessIndex)


def test_every_score_of_the_table_is_there_with_its_interval(planted):
    overall = planted[2].overall
    assert set(overall.index) >= NAMES
    for name in NAMES:
        row = overall.loc[name]
        assert row["low"] <= row["value"] <= row["high"], name
        assert row["n"] > 0
        assert row["support"] > 0


def test_the_curve_ends_where_no_sample_has_more_neighbours(tmp_path):
    data = dataset(*make(3, 3, 3, 2, 2, 16, 0.5, 0.5, 0.2))
    result = answer(data, tmp_path, RobustnessIndex(draws=200, permutations=99, probes=False, mitigation=False))
    curve = result.by_group[result.by_group["kind"] == "k"]
    # 36 samples: each has those of the other 17 slides, 34.
    assert curve["k"].max() == 31
    given = RobustnessIndex(k=51, draws=200, permutations=99, probes=False, mitigation=False)
    rows = answer(data, tmp_path, given).by_group
    assert rows.loc[rows["kind"] == "k", "k"].max() == 51


def test_known_values_reach_the_table(planted):
    overall = planted[2].overall
    assert overall.loc["robustness_index", "value"] == pytest.approx(0.446519, abs=5e-7)
    assert overall.loc["robustness_index", "null"] == 0.5
    assert overall.loc["robustness_index_2501", "value"] == pytest.approx(0.900780, abs=5e-7)
    assert overall.loc["croma", "value"] == pytest.approx(-0.007344, abs=1e-5)
    assert overall.loc["center_error_share", "value"] == pytest.approx(0.694171, abs=5e-7)
    assert overall.loc["class_balanced_accuracy", "value"] == pytest.approx(0.746875)


def test_the_verdict_is_worded_by_the_columns(planted):
    verdict = planted[2].verdict
    assert verdict.state == "differs"
    assert verdict.score == "robustness_index"
    assert verdict.sentence.startswith("Sees the hospital before the class: index .447 (95 % interval .4")
    assert "); random neighbours would give .500, hospitals dealt at random within each class about" in verdict.sentence


def test_every_kind_of_row_is_there_and_selects_samples(planted):
    data, _, result = planted
    kinds = set(result.by_group["kind"])
    assert kinds == {
        "k", "class", "center", "center_pair", "center_confusion", "errors", "misleading_center", "probe",
        "training_bias", "mitigation", "layer", "published",
    }  # fmt: skip
    table = data.metadata.join(result.by_sample)
    for _, row in result.by_group[result.by_group["kind"] != "published"].iterrows():
        chosen = select(row["where"], table)
        if row["kind"] in {"class", "center"}:
            assert chosen.sum() == row["n"]


def test_mitigation_raises_the_index_in_the_table(planted):
    rows = planted[2].by_group.query("kind == 'mitigation'")
    assert rows.loc["center mean", "low"] > rows.loc["raw", "high"]
    assert rows["leak"].astype(bool).tolist() == [False, False, False, True]


def test_samples_have_margin_vote_and_neighbours(planted):
    data, _, result = planted
    table = result.by_sample
    assert table.index.equals(data.index)
    truth = data.metadata
    so, os = (truth.loc[table[name]].set_axis(data.index) for name in ("neighbour_so", "neighbour_os"))
    assert (so["label"] == truth["label"]).all()
    assert (so["hospital"] != truth["hospital"]).all()
    assert (os["label"] != truth["label"]).all()
    assert (os["hospital"] == truth["hospital"]).all()
    wrong = table["error"] != "right"
    assert (wrong == (table["prediction"] != truth["label"])).all()


def test_figures_are_plotly_and_have_words(planted):
    data, audit, result = planted
    figures = audit.figures(result, data)
    assert [figure.title for figure in figures[:2]] == ["Index by number of neighbours", "Who the neighbours are"]
    assert len(figures) == 12
    for figure in figures:
        assert json.loads(figure.figure.to_json())["data"]
        assert figure.text


def test_the_areas_of_the_neighbours_are_opaque_and_parted_by_the_ground(planted):
    from streamlit.elements.lib.streamlit_plotly_theme import BG_COLOR

    areas = planted[1].figures(planted[2], planted[0])[1].figure.data
    assert len({area.fillcolor for area in areas}) == len(areas) == 4
    assert {area.line.color for area in areas} == {BG_COLOR}


def test_the_result_survives_saving(planted, tmp_path):
    result = planted[2]
    result.save(tmp_path)
    pd.testing.assert_frame_equal(Result.load(tmp_path).overall, result.overall)


def test_an_embedding_without_center_effect_is_not_accused(tmp_path):
    result = answer(dataset(*without_center()), tmp_path)
    assert result.verdict.state == "no_difference"
    assert result.verdict.sentence.startswith("No evidence that the hospital shapes the embedding")


def test_noise_is_not_accused_and_meets_its_own_chance_level(tmp_path):
    result = answer(dataset(*make(4, 2, 4, 5, 8, 32, 0, 0, 0)), tmp_path)
    row = result.overall.loc["robustness_index"]
    assert row["null"] == pytest.approx(0.75)
    assert row["low"] < 0.75 < row["high"]
    assert result.verdict.state == "no_difference"


def test_a_weak_center_beside_a_strong_class_leaves_its_mark(tmp_path):
    result = answer(dataset(*make(5, 3, 3, 5, 8, 32, 0.9, 0.35, 0.2)), tmp_path)
    assert "yet the hospital leaves its mark" in result.verdict.sentence


def test_without_a_given_k_the_best_vote_chooses(tmp_path):
    audit = dataclasses.replace(QUICK, k=None, k_max=31)
    result = answer(dataset(*without_center()), tmp_path, audit)
    curve = result.by_group.query("kind == 'k'")
    best = curve.loc[curve["class_accuracy"].idxmax(), "k"]
    assert result.settings["k_used"] == best
    assert curve.loc[curve["chosen"].astype(bool), "k"].tolist() == [best]


def test_the_paired_design_pools_subsets(tmp_path):
    audit = dataclasses.replace(QUICK, design="paired")
    result = answer(dataset(*make(6, 3, 3, 3, 4, 16, 0.5, 0.5)), tmp_path, audit)
    assert 0 < result.overall.loc["robustness_index", "value"] < 1
    assert result.overall.loc["robustness_index", "null"] == pytest.approx(0.5)
    assert result.overall.loc["class_balanced_accuracy", "null"] == 0.5


def test_subsets_can_be_named_by_a_column(tmp_path):
    rows = make(6, 2, 2, 3, 4, 16, 0.5, 0.5)
    data = dataset(*rows, fold=["one|two"] * len(rows[0]))
    audit = dataclasses.replace(QUICK, design="paired", subset="fold")
    named = answer(data, tmp_path, audit).overall.loc["robustness_index", "value"]
    assert named == answer(data, tmp_path).overall.loc["robustness_index", "value"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hospital": "h0"}, "'hospital' holds 1 different values: the index is undefined"),
        ({"label": "class0"}, "'label' holds 1 different values: the index is undefined"),
        ({"slide": "s0"}, "'slide' holds one group: every neighbour would be from the sample's own group"),
    ],
)
def test_one_center_class_or_group_is_refused_with_its_reason(change, message):
    data = dataset(*without_center())
    data = data.with_metadata(data.metadata.assign(**change))
    assert any(message in reason for reason in QUICK.missing(data, load_model("precomputed")))


def test_missing_roles_and_unknown_columns_are_named():
    data = dataset(*without_center())
    bare = data.with_roles(Roles())
    reasons = QUICK.missing(bare, load_model("precomputed"))
    assert any("no label column" in reason for reason in reasons)
    assert any("no center column (hospital, scanner, camera, country)" in reason for reason in reasons)
    other = dataclasses.replace(QUICK, center="clinic")
    assert "'planted' has no column 'clinic'" in other.missing(data, load_model("precomputed"))
    same = dataclasses.replace(QUICK, center="label")
    assert any("class and center are one column" in reason for reason in same.missing(data, load_model("precomputed")))


def test_a_center_determined_by_the_class_is_undefined_with_its_cause(tmp_path):
    draw = np.random.default_rng(0)
    label = np.repeat([0, 1], 30)
    # Two far-away clusters: all neighbours share class and center.
    rows = draw.standard_normal((60, 4)) * 0.01 + np.eye(4)[label]
    result = answer(dataset(rows, label, label, np.arange(60) // 3), tmp_path)
    assert np.isnan(result.overall.loc["robustness_index", "value"])
    assert result.verdict.state == "not_computed"
    assert any("center is determined by the class" in note for note in result.notes)


def test_few_groups_cannot_tell(tmp_path):
    result = answer(dataset(*make(7, 2, 2, 1, 10, 8, 0.5, 0.5)), tmp_path)
    assert result.verdict.state == "too_few"


def test_more_neighbours_than_eligible_are_counted_as_far_as_they_go(tmp_path):
    audit = dataclasses.replace(QUICK, k=200)
    result = answer(dataset(*make(8, 2, 2, 3, 2, 8, 0.5, 0.5)), tmp_path, audit)
    assert any("have fewer than 200 eligible neighbours" in note for note in result.notes)


def test_zero_and_non_finite_rows_are_left_out_and_counted(tmp_path):
    vectors, label, center, slide = without_center()
    vectors[3] = 0
    vectors[5, 0] = np.nan
    result = answer(dataset(vectors, label, center, slide), tmp_path)
    assert any("1 samples with an all-zero embedding" in note for note in result.notes)
    assert any("1 samples with non-finite embeddings" in note for note in result.notes)
    assert result.by_sample["margin"].isna().sum() == 2
    assert result.overall.loc["robustness_index", "n"] == len(vectors) - 2


def test_rows_without_a_center_are_left_out_and_counted(tmp_path):
    data = dataset(*without_center())
    hospital = data.metadata["hospital"].astype("object")
    hospital.iloc[:7] = None
    result = answer(data.with_metadata(data.metadata.assign(hospital=hospital)), tmp_path)
    assert any("7 samples without a value of 'hospital'" in note for note in result.notes)


def test_the_same_image_under_two_groups_is_warned_of(tmp_path):
    vectors, label, center, slide = without_center()
    vectors[-1] = vectors[0] * 2
    result = answer(dataset(vectors, label, center, slide), tmp_path)
    assert any("2 samples have a near-duplicate" in note for note in result.notes)
    assert result.by_sample["near_duplicate"].sum() == 2


def test_without_groups_the_reader_is_warned_loudly(tmp_path):
    result = answer(dataset(*without_center(), group=False), tmp_path)
    assert any(note.startswith("No group_id is set: samples of one patient") for note in result.notes)
    vectors, label, center, _ = without_center()
    alone = answer(dataset(vectors, label, center, np.arange(len(vectors))), tmp_path)
    assert any(note.startswith("Every sample is its own group in 'slide'") for note in alone.notes)


def test_ties_at_the_last_rank_are_reported(tmp_path):
    vectors, label, center, slide = without_center()
    result = answer(dataset(np.sign(vectors[:, :3]), label, center, slide), tmp_path)
    assert any("exactly as near as the last" in note for note in result.notes)


def test_the_note_says_what_drawing_samples_would_have_covered(planted):
    note = next(note for note in planted[2].notes if note.startswith("Drawing single samples"))
    assert "of data sets instead of 95 %" in note


def test_mitigation_is_refused_where_a_center_lacks_a_class(tmp_path):
    vectors, label, center, slide = without_center()
    keep = ~((label == 0) & (center == 0))
    audit = dataclasses.replace(QUICK, mitigation=True)
    result = answer(dataset(vectors[keep], label[keep], center[keep], slide[keep]), tmp_path, audit)
    assert any(note.startswith("Mitigations were not tried") for note in result.notes)
    assert any("1 of 9 class-center pairs have no sample" in note for note in result.notes)


def test_training_rests_on_whole_groups_of_a_limited_sample(tmp_path):
    audit = dataclasses.replace(QUICK, probes=True, repeats=2, sample_limit=200)
    result = answer(dataset(*make(9, 2, 2, 8, 10, 16, 0.5, 0.5)), tmp_path, audit)
    assert any("of 320 samples, drawn in whole groups" in note for note in result.notes)
    assert result.overall.loc["robustness_index", "n"] == 320


def test_a_column_can_replace_the_center_role(tmp_path):
    rows = without_center()
    data = dataset(*rows, scanner=[f"m{c}" for c in rows[2]])
    result = answer(data, tmp_path, dataclasses.replace(QUICK, center="scanner"))
    assert "the scanner" in result.verdict.sentence


def test_two_models_are_compared_on_the_same_draws_of_groups(planted, tmp_path):
    data, audit, first = planted
    vectors = np.asarray(data.arrays["embeddings"])
    label = data.metadata["label"].astype("category").cat.codes.to_numpy()
    better = vectors + 0.8 * np.stack([vectors[label == c].mean(axis=0) for c in range(4)])[label]
    plain = dataclasses.replace(audit, probes=False, mitigation=False)
    second = answer(dataclasses.replace(data, arrays={"embeddings": better}), tmp_path, plain)
    difference, ranks = audit.compare({"first": first, "second": second}, data)
    assert "second comes first in 100.0 %" in ranks.text
    low = difference.figure.data[0].error_x.arrayminus[0]
    gap = second.overall.loc["robustness_index", "value"] - first.overall.loc["robustness_index", "value"]
    assert 0 < low < 0.6 * gap
    assert audit.compare({"first": first}, data) == ()


def test_a_model_against_itself_does_not_differ(planted):
    data, audit, result = planted
    difference, _ = audit.compare({"one": result, "two": result}, data)
    assert difference.figure.data[0].x[0] == 0
    assert difference.figure.data[0].error_x.array[0] == 0


def test_mixing_scores_are_missing_without_their_library(monkeypatch):
    monkeypatch.setattr("audit.audits.robustness_index.available", lambda: False)
    asked = dataclasses.replace(QUICK, mixing=True)
    reasons = asked.missing(dataset(*without_center()), load_model("precomputed"))
    assert any("model-audit[mixing]" in reason for reason in reasons)


def test_an_undefined_setting_given_from_python_is_an_input_error(tmp_path):
    data = dataset(*without_center())
    with pytest.raises(InputError, match="crosses 2 classes with 2 centers"):
        answer(
            data.with_metadata(data.metadata.assign(fold="a")),
            tmp_path,
            dataclasses.replace(QUICK, design="paired", subset="fold"),
        )


@pytest.fixture(scope="module")
def tissue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tissue")
    write_world("tissue", folder, n=384, split="test", seed=5, workers=1)
    audit = RobustnessIndex(k=11, draws=300, permutations=199, probes=False, layers=True, stain="reinhard")
    return answer(load_dataset(folder), folder, audit, "demo")


def test_the_planted_centers_of_the_tissue_world_are_found(tissue):
    row = tissue.overall.loc["robustness_index"]
    assert tissue.verdict.state == "differs"
    assert row["high"] < row["null"]
    assert row["p_value"] <= 0.01


def test_mitigations_move_the_tissue_world_the_right_way(tissue):
    rows = tissue.by_group.query("kind == 'mitigation'")
    for method in ("center mean", "ComBat", "Reinhard colours"):
        assert rows.loc[method, "value"] > rows.loc["raw", "value"], method


def test_layers_of_the_model_are_shown_early_to_late(tissue):
    layers = tissue.by_group.query("kind == 'layer'")["layer"].drop_duplicates().tolist()
    assert len(layers) > 2
    assert layers[-1] == "embedding"


def test_domains_of_real_photographs_are_seen_before_their_classes(shared_data, tmp_path):
    folder, weights = shared_data / "pacs", shared_data / "weights" / "mobilenetv2_100_imagenet1001.safetensors"
    if not (folder / "samples.csv").is_file() or not weights.is_file():
        pytest.skip("no PACS photographs or weights here")
    table = pd.read_csv(folder / "samples.csv")
    some = table.groupby(["label", "center"]).head(8)
    some.assign(filepath=[str(folder / path) for path in some["filepath"]]).to_csv(tmp_path / "few.csv", index=False)
    data = load_dataset(tmp_path / "few.csv", images=folder)
    spec = "timm:mobilenetv2_100?num_classes=1001&pad_type=same&mean=0.5,0.5,0.5&std=0.5,0.5,0.5"
    audit = RobustnessIndex(k=5, draws=200, permutations=199, probes=False)
    result = run(audit, data, load_model(spec, weights=weights), store=Store(tmp_path / "store")).result
    row = result.overall.loc["robustness_index"]
    assert 0.12 < row["value"] < 0.3
    assert row["null"] == pytest.approx(1 / 3)
    assert result.verdict.state == "differs"
    rows = result.by_group
    assert rows.query("kind == 'center_pair'").loc["photo and sketch", "value"] < 0.05
    mitigated = rows.query("kind == 'mitigation'")
    assert mitigated.loc["center mean", "value"] > mitigated.loc["raw", "value"]
