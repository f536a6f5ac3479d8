"""The audit as a whole."""

import json

import numpy as np
import pandas as pd
import pytest

from audit.audits.subgroup_discrepancy import SubgroupDiscrepancy
from audit.base import select
from audit.dataset import Dataset, Roles
from audit.models.precomputed import Precomputed
from audit.outputs import Embeddings, ModelOutputs, Predictions, Probabilities
from audit.result import Result
from tests.meanings import idle, unexplained

QUICK = {"draws": 300, "error_slices": 8}


def _table(n=1600, night=0.5, seed=0):
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "label": generator.choice(["cat", "dog", "owl"], n),
            "light": generator.choice(["day", "night"], n, p=[0.7, 0.3]),
            "age": generator.integers(0, 90, n),
            "patient": generator.integers(0, n // 5, n),
        },
        index=pd.Index([f"s{i}" for i in range(n)], name="sample_id"),
    )
    chance = np.where((table["label"] == "cat") & (table["light"] == "night"), night, 0.08)
    table["prediction"] = table["label"].where(generator.random(n) >= chance, "dog")
    return table


def _dataset(table, arrays=None, **roles):
    given = {"label": "label", "prediction": "prediction", "attributes": ("light", "age")} | roles
    return Dataset(name="world", metadata=table, roles=Roles(**given), arrays=arrays or {})


def _run(dataset, **fields):
    question, model = SubgroupDiscrepancy(**(QUICK | fields)), Precomputed()
    assert question.missing(dataset, model) == []
    arrays = {}
    for extractor in question.requires(dataset, model):
        inputs = [source.compute(dataset, model) for source in extractor.inputs(dataset, model)]
        arrays[extractor] = extractor.compute(dataset, model, *inputs)
    return question, question(ModelOutputs(dataset, "world's", arrays))


def _arrays(table):
    generator = np.random.default_rng(1)
    embeddings = generator.normal(0, 1, (len(table), 5))
    embeddings[:, :3] += 4 * np.eye(3)[table["label"].map({"cat": 0, "dog": 1, "owl": 2})]
    embeddings[:, 3] += 5 * (table["light"] == "night")
    logits = generator.normal(0, 1, (len(table), 3)) + 3 * (
        table["prediction"].to_numpy()[:, None] == np.array(["cat", "dog", "owl"])
    )
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return {"embeddings": embeddings.astype(np.float32), "probabilities": probabilities.astype(np.float32)}


@pytest.fixture(scope="module")
def everything():
    table = _table()
    dataset = _dataset(table, _arrays(table))
    question = SubgroupDiscrepancy(**QUICK)
    names = {type(each) for each in question.requires(dataset, Precomputed())}
    assert names == {Predictions, Probabilities, Embeddings}
    return dataset, *_run(dataset)


def test_every_score_and_column_says_what_it_means(everything):
    assert not unexplained(SubgroupDiscrepancy, everything[2])
    assert not idle(SubgroupDiscrepancy)


def test_the_scores_have_the_agreed_names(everything):
    names = set(everything[2].overall.index)
    assert {
        "accuracy",
        "macro_accuracy",
        "adjusted_accuracy",
        "worst_group_accuracy",
        "gap",
        "ratio",
        "macro_std",
        "macro_std_nist",
        "macro_variance_debiased",
        "excess_gap",
        "expected_calibration_error",
    } <= names


def test_every_kind_of_row_is_there(everything):
    kinds = set(everything[2].by_group["kind"])
    assert kinds == {
        "subgroup",
        "class",
        "class_std",
        "cell",
        "intersection",
        "attribute",
        "recall_difference",
        "standardised",
        "slice",
        "error_slice",
    }


def test_where_selects_samples_through_metadata_and_by_sample(everything):
    dataset, _, result = everything
    table = dataset.metadata.join(result.by_sample)
    for _, row in result.by_group.iterrows():
        count = select(row["where"], table).sum()
        if row["kind"] in {"slice", "error_slice"}:  # tested on one half, shown from both
            assert count > row["n"]
        elif row["kind"] != "attribute":
            assert count == row["n"]


def test_the_planted_difference_is_the_verdict(everything):
    verdict = everything[2].verdict
    assert verdict.state == "differs"
    assert verdict.score == "macro_std"
    assert verdict.sentence.startswith("Accuracy depends on “light” within classes: spread ")
    assert "with shuffled subgroups, p = .0033). The lowest is night at " in verdict.sentence


def test_a_result_survives_json_and_disk(everything, tmp_path):
    result = everything[2]
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["overall"][0]["score"] == "accuracy"
    result.save(tmp_path)
    again = Result.load(tmp_path)
    pd.testing.assert_frame_equal(again.by_group, result.by_group)
    pd.testing.assert_frame_equal(again.by_sample, result.by_sample)


def test_figures_are_drawn_with_text_and_clickable_points(everything):
    dataset, question, result = everything
    figures = question.figures(result, dataset)
    assert [figure.title for figure in figures][:2] == ["Accuracy by light", "Accuracy by class and light"]
    assert len(figures) == 7
    for figure in figures:
        assert figure.text.endswith(".")
        clicked = [entry for trace in figure.figure.data if trace.customdata is not None for entry in trace.customdata]
        assert all(json.loads(entry) for entry in clicked)
        assert clicked


def test_the_same_seed_gives_the_same_result(everything):
    dataset, _, result = everything
    again = _run(dataset)[1]
    pd.testing.assert_frame_equal(again.overall, result.overall)
    pd.testing.assert_frame_equal(again.by_group, result.by_group)


def test_nothing_planted_gives_no_evidence():
    states = []
    for seed in range(8):
        dataset = _dataset(_table(night=0.08, seed=seed))
        states.append(_run(dataset, search=False, error_slices=0)[1].verdict.state)
    assert set(states) <= {"no_difference", "differs"}
    assert states.count("differs") <= 2


def test_a_few_samples_are_too_few_to_tell():
    result = _run(_dataset(_table(24, night=0.1)))[1]
    assert result.verdict.state == "too_few"


def test_a_subgroup_of_another_attribute_that_is_lower_is_not_left_unsaid():
    table = _table()
    table["side"] = np.random.default_rng(5).choice(["left", "right"], len(table))
    sentence = _run(_dataset(table, attributes=("side", "light")))[1].verdict.sentence
    assert sentence.startswith("No evidence that accuracy depends on “side” within classes")
    assert " Of other attributes, lower than the rest: light night (" in sentence
    assert "light day" not in sentence
    assert "Of other attributes" not in _run(_dataset(table, attributes=("light", "side")))[1].verdict.sentence


def test_a_model_with_one_answer_for_all_could_not_be_compared():
    verdict = _run(_dataset(_table().assign(prediction="dog")))[1].verdict
    assert (verdict.state, verdict.score) == ("not_computed", "accuracy")
    assert "the model gives every sample the same answer, “dog”" in verdict.sentence


def test_one_subgroup_cannot_be_compared_and_the_cause_is_named():
    table = _table(300)
    table["light"] = "day"
    result = _run(_dataset(table, attributes=("light",)))[1]
    assert result.verdict.state == "not_computed"
    assert "'light' has fewer than two subgroups" in result.verdict.sentence
    assert np.isnan(result.overall.loc["gap", "value"])


def test_samples_without_a_label_have_no_answer():
    table = _table(300)
    table.loc[table.index[:4], "label"] = None
    result = _run(_dataset(table))[1]
    assert result.by_sample.index.equals(table.index)
    assert result.by_sample["correct"].isna().sum() == 4


def test_an_attribute_can_be_chosen():
    result = _run(_dataset(_table()), attribute="age")[1]
    assert result.settings["attribute"] == "age"
    assert result.by_group[result.by_group["kind"] == "cell"]["attribute"].unique().tolist() == ["age"]


def test_overlapping_attributes_run_through():
    table = _table()
    table["dark"], table["old"] = table["light"] == "night", table["age"] > 60
    question, result = _run(_dataset(table, attributes=("dark", "old")), overlapping=True)
    rows = result.by_group[result.by_group["kind"] == "subgroup"]
    assert rows["group"].tolist() == ["dark", "old"]
    assert result.verdict.state == "differs"
    assert question.figures(result, _dataset(table))


def test_embeddings_alone_are_enough_to_search():
    table = _table()
    result = _run(_dataset(table, {"embeddings": _arrays(table)["embeddings"]}, attributes=()))[1]
    assert result.verdict.state == "not_computed"
    found = result.by_group[result.by_group["kind"] == "error_slice"]
    assert found["q_value"].iloc[0] < 0.01


def test_what_is_missing_is_said_before_anything_runs():
    table = _table(50)
    model, question = Precomputed(), SubgroupDiscrepancy()
    assert "no label column" in question.missing(_dataset(table, label=None), model)[0]
    assert "no prediction column" in question.missing(_dataset(table, prediction=None), model)[0]
    assert "no attribute column" in question.missing(_dataset(table, attributes=()), model)[0]
    assert "no column 'colour'" in SubgroupDiscrepancy(attribute="colour").missing(_dataset(table), model)[0]


def test_the_words_for_look_alikes_come_from_the_metadata():
    question = SubgroupDiscrepancy()
    assert question.vocabulary(_dataset(_table(50)))[:2] != ()
    assert {"cat", "night"} <= set(question.vocabulary(_dataset(_table(200))))
    assert SubgroupDiscrepancy(phrases=("x",)).vocabulary(_dataset(_table(50))) == ("x",)


def test_group_ids_are_the_units_everywhere():
    result = _run(_dataset(_table(), group_id="patient"))[1]
    assert any("'patient' as the independent units" in note for note in result.notes)
    assert result.overall["low"].notna().all()


def test_two_models_are_compared_on_the_same_samples(everything):
    dataset, question, result = everything
    table = dataset.metadata.copy()
    table["prediction"] = table["label"].where(np.random.default_rng(5).random(len(table)) > 0.02, "owl")
    other = _run(_dataset(table))[1]
    figures = question.compare({"first": result, "second": other}, dataset)
    assert [figure.title for figure in figures] == [
        "Change by class",
        "Change by light",
        "Common change, and each class's own",
        "Minority against majority accuracy",
    ]
    assert "at least 6 are needed" in figures[-1].text
    assert question.compare({"first": result}, dataset) == ()


@pytest.fixture(scope="module")
def cifar(request):
    folder = request.config.rootpath.parent / "shared" / "data" / "cifar10_b"
    if not folder.is_dir():
        pytest.skip("the optional real data beside the project is absent")
    table = pd.read_csv(folder / "samples.csv", dtype="str").set_index("sample_id")
    models = pd.read_csv(folder / "model_predictions.csv", dtype="str").set_index("sample_id").reindex(table.index)
    return table, models


def test_cifar10_b_gives_the_known_values_through_the_audit(cifar):
    dataset = _dataset(cifar[0], attributes=("background",))
    result = _run(dataset, search=False)[1]
    value, null = result.overall["value"], result.overall["null"]
    assert value["accuracy"] == pytest.approx(0.9294)
    assert value["macro_std"] == pytest.approx(0.025672, abs=5e-7)
    assert value["macro_std_nist"] == pytest.approx(0.027538, abs=1e-6)
    assert value["macro_variance_debiased"] == pytest.approx(0.000171, abs=1e-6)
    assert null["macro_std"] == pytest.approx(0.0195, abs=4e-4)
    assert result.overall.loc["macro_std", "p_value"] < 0.015
    cells = result.by_group[result.by_group["kind"] == "cell"]
    assert len(cells) == 77
    assert (cells["p_value"] < 0.05).sum() == 7
    differing = cells[cells["q_value"] < 0.05]
    assert set(differing.index) == {
        "class airplane, background = blue",
        "class airplane, background = green",
        "class horse, background = black",
    }


def test_published_models_make_a_moon_plot(cifar):
    table, models = cifar
    dataset = _dataset(table, attributes=("background",), prediction=None)
    results = {}
    for name in models.columns[::2]:
        outputs = ModelOutputs(dataset, name, {Predictions(): models[name].to_numpy(dtype=np.str_)})
        results[name] = SubgroupDiscrepancy(draws=200, search=False)(outputs)
    figures = SubgroupDiscrepancy().compare(results, dataset)
    assert "over 15 models" in figures[-1].text
    accuracy = [result.overall.loc["accuracy", "value"] for result in results.values()]
    gap = [result.overall.loc["gap", "value"] for result in results.values()]
    assert np.corrcoef(accuracy, gap)[0, 1] < -0.9
