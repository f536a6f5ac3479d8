import json

import numpy as np
import pandas as pd
import pytest

from audit import engine
from audit.audits.feature_complexity import FeatureComplexity
from audit.base import select
from audit.dataset import Dataset, Roles
from audit.demo.truth import PLANTED_SPECIES, truths
from audit.demo.write import write_world
from audit.models import load_model
from audit.readers import load_dataset
from audit.result import Result
from audit.run import run
from audit.store import Store
from tests.fakes import FakeModel
from tests.meanings import idle, unexplained

NAMES = {
    "mean_complexity", "class_complexity", "attribute_complexity", "complexity_importance_correlation",
    "intrinsic_dimension", "label_sharpness",
}  # fmt: skip
QUICK = FeatureComplexity(noise="off")
SAMPLES = 700


@pytest.fixture(scope="module")
def menagerie(tmp_path_factory):
    folder = tmp_path_factory.mktemp("menagerie")
    table = write_world("menagerie", folder / "menagerie", n=SAMPLES)
    data, model, store = load_dataset(table.parent), load_model("demo"), Store(folder / "store")
    return data, model, store, run(QUICK, data, model, store=store).result


@pytest.fixture(scope="module")
def planted(menagerie):
    data, model, store, _ = menagerie
    chosen = data.subset(data.metadata["label"].isin(PLANTED_SPECIES).to_numpy())
    audit = FeatureComplexity(noise="off", pairs=0, fewest=5)
    return chosen, run(audit, chosen, model, store=store).result


def test_every_score_and_column_says_what_it_means(menagerie):
    assert not unexplained(FeatureComplexity, menagerie[3])
    assert not idle(FeatureComplexity)


def test_every_score_is_there_with_interval_n_and_null(menagerie):
    overall = menagerie[3].overall
    assert set(overall.index) >= NAMES
    for name in NAMES - {"label_sharpness"}:
        assert overall.loc[name, "low"] <= overall.loc[name, "value"] <= overall.loc[name, "high"], name
    assert overall.loc["mean_complexity", "null"] > 0.97
    assert overall.loc["mean_complexity", "n"] < SAMPLES


def test_the_background_is_read_before_the_class_and_the_verdict_says_so(menagerie):
    result = menagerie[3]
    row = result.overall.loc["complexity_difference"]
    assert row["high"] < 0
    assert row["q_value"] < 0.05
    assert result.verdict.state == "differs"
    assert result.verdict.score == "complexity_difference"
    assert result.verdict.sentence.startswith(
        "The background can be read from earlier layers than the label: complexity ."
    )


def test_the_background_of_the_planted_species_is_simpler_and_an_atom_tied_to_it_is_a_named_candidate(planted):
    _, result = planted
    rows = result.by_group
    gap = rows.loc["background less label"]
    assert gap["value"] < gap["high"] < 0
    candidates = rows[rows["kind"].eq("atom") & rows["shortcut_candidate"].eq(True)]  # noqa: FBT003
    tied = candidates[candidates["tied_to"].str.startswith("background ")]
    assert len(tied)
    assert (tied["association_q"] < 0.05).all()
    assert any(f"{name} ({row['tied_to']}, strength ." in result.verdict.sentence for name, row in tied.iterrows())


@pytest.mark.parametrize("truth", truths("feature_complexity"), ids=lambda truth: truth.name)
def test_what_was_planted_is_found(menagerie, planted, truth):
    result = planted[1] if "attribute" in truth.score else menagerie[3]
    if "attribute" in truth.score:
        value = result.overall.loc["attribute_complexity", "value"] - result.overall.loc["class_complexity", "value"]
        values = [value]
    else:
        values = result.by_group[result.by_group["kind"].eq("class")].loc[list(truth.where["label"]), "value"].tolist()
    for value in values:
        assert value < truth.bound if truth.expected == "below" else value > truth.bound


def test_every_kind_of_row_is_there_and_selects_samples(menagerie):
    data, _, _, result = menagerie
    assert set(result.by_group["kind"]) == {
        "atom", "shortcut", "class as a whole", "attribute as a whole", "class", "attribute_value", "class_pair",
        "decoding", "representation", "sharp_pair", "dimension", "merging",
    }  # fmt: skip
    table = data.metadata.join(result.by_sample)
    for _, row in result.by_group[result.by_group["where"].notna()].iterrows():
        chosen = select(row["where"], table)
        if row["kind"] == "sharp_pair":
            assert chosen.sum() == 2
        elif row["kind"] == "class":
            assert set(table.loc[chosen, "label"]) == set(json.loads(row["where"]).values())
    assert result.by_sample.index.equals(data.index)


def test_representation_shares_add_up(menagerie):
    rows = menagerie[3].by_group.query("kind == 'representation'")
    background = rows[rows["feature"].eq("background")]
    own = rows[rows["feature"].eq("label")].set_index("layer")["value"]
    together = background["unique"].to_numpy() + own[background["layer"]].to_numpy()
    parts = background["value"].to_numpy() + own[background["layer"]].to_numpy() - background["shared"].to_numpy()
    assert together == pytest.approx(parts)


def test_figures_and_panels_show_features_and_pairs(menagerie):
    data, _, _, result = menagerie
    figures = QUICK.figures(result, data)
    assert figures[0].title == "Simple and important features"
    carried = [where for trace in figures[0].figure.data if trace.customdata is not None for where in trace.customdata]
    assert set(carried) <= set(result.by_group["where"])
    assert {figure.title for figure in figures} >= {
        "Read from which layer", "Map of features", "Merging of channels", "Intrinsic dimension",
    }  # fmt: skip
    overview, pairs = QUICK.panels(result, data, "")
    assert overview.rows
    assert all(len(row.groups[0].pictures) == 2 for row in pairs.rows)
    chosen = QUICK.panels(result, data, carried[0])[0]
    name = json.loads(carried[0])["strongest_feature"]
    assert chosen.title == f"What {name} looks for"
    assert chosen.figures[0].title == f"From which layer {name} can be read"
    shown = [picture.sample_id for picture in chosen.rows[0].groups[0].pictures]
    table = result.by_sample.loc[shown]
    assert table["measured"].all()
    assert table[name].is_monotonic_decreasing


def test_a_stored_result_draws_the_same_page(menagerie, tmp_path):
    data, _, _, result = menagerie
    result.save(tmp_path)
    loaded = Result.load(tmp_path)
    before, after = QUICK.figures(result, data), QUICK.figures(loaded, data)
    assert [figure.title for figure in before] == [figure.title for figure in after]
    assert [panel.title for panel in QUICK.panels(loaded, data, "")] == ["Shortcut candidates", "Sharp pairs"]


def test_the_same_settings_give_the_same_result(planted, menagerie):
    data, _ = planted
    _, model, store, _ = menagerie
    audit = FeatureComplexity(noise="off", pairs=0, fewest=5)
    outputs = engine.compute(data, model, audit.requires(data, model), store=store)
    first, second = audit(outputs), audit(outputs)
    pd.testing.assert_frame_equal(first.overall, second.overall)
    pd.testing.assert_frame_equal(first.by_group, second.by_group)


def test_channels_phrases_noise_and_merged_answers_are_added_when_asked_for(menagerie):
    data, model, store, _ = menagerie
    some = data.subset(data.index[:160])
    audit = FeatureComplexity(
        channels=3,
        phrases=("night",),
        noise="on",
        merged_accuracy=(0.0,),
        pairs=0,
        dictionary_seeds=1,
        atoms=6,
        folds=3,
    )
    result = run(audit, some, model, store=store).result
    rows = result.by_group
    assert rows["kind"].isin(["channel"]).sum() == 3
    assert rows.loc["“night”", "kind"] == "direction"
    assert (rows[rows["kind"].eq("atom")]["noise_change"] > 0).all()
    whole = rows.loc["all layers, beta=0"]
    assert whole["agreement"] == 1.0
    assert rows[rows["kind"].eq("atom")]["stability"].isna().all()


def embedded(n=120):
    rng = np.random.default_rng(0)
    metadata = pd.DataFrame(
        {"label": np.repeat(["x", "y"], n // 2)},
        index=pd.Index([f"s{i}" for i in range(n)], name="sample_id", dtype="str"),
    )
    vectors = rng.random((n, 10)) + np.repeat([[0.0], [0.5]], n // 2, axis=0)
    return Dataset(name="vectors", metadata=metadata, roles=Roles(label="label"), arrays={"embeddings": vectors})


def test_without_layers_the_rest_is_computed_and_complexity_says_why_not(tmp_path):
    data = embedded()
    result = run(QUICK, data, load_model("precomputed"), store=Store(tmp_path)).result
    assert result.verdict.state == "not_computed"
    assert "no readable layers" in result.verdict.sentence
    assert "mean_complexity" not in result.overall.index
    assert np.isfinite(result.overall.loc["intrinsic_dimension", "value"])
    assert result.by_group.query("kind == 'atom'")["value"].isna().all()
    assert QUICK.figures(result, data)
    assert QUICK.panels(result, data, "") == ()


def test_too_few_samples_and_probe_dimensions_in_the_wrong_order_are_said():
    data = embedded(12)
    assert any("at least 20 are needed" in reason for reason in QUICK.missing(data, load_model("precomputed")))
    wrong = FeatureComplexity(dimension=16, small_dimension=16)
    assert any("`small_dimension` must be below" in reason for reason in wrong.missing(data, FakeModel()))
