"""The audit as a whole: on arrays, on drawn pictures, and on real photos where they are."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from audit import run as running
from audit.audits.background_reliance import BackgroundReliance
from audit.backgrounds.interventions import NAMES, words
from audit.base import select
from audit.dataset import Dataset, Roles
from audit.demo import write_world
from audit.demo.truth import OTHER_SPECIES, PLANTED_SPECIES
from audit.models import load_model
from audit.models.precomputed import Precomputed
from audit.outputs import ModelOutputs
from audit.readers import load_dataset
from audit.result import Result
from audit.store import Store
from tests.fakes import FakeClassifier, FakeCLIP
from tests.meanings import idle, unexplained

PLACES = {"cow": "meadow", "camel": "sand", "deer": "snow"}
SPECIES = (*PLACES, "owl", "cat")


def _table(n=2000, loss=0.6, seed=0):
    """Half of each planted species stands at home; elsewhere it is taken for the animal whose home that is."""
    generator = np.random.default_rng(seed)
    label = generator.choice(SPECIES, n)
    home = np.asarray([PLACES.get(name, "") for name in label])
    place = generator.choice(["meadow", "sand", "snow", "rock"], n)
    place = np.where((home != "") & (generator.random(n) < 0.5), home, place)
    host = {where: animal for animal, where in PLACES.items()}
    away = (home != "") & (place != home) & (generator.random(n) < loss)
    predicted = np.where(away, [host.get(where, "owl") for where in place], label)
    return pd.DataFrame(
        {"label": label, "background": place, "prediction": predicted, "coat": generator.choice(["red", "grey"], n)},
        index=pd.Index([f"s{i}" for i in range(n)], name="sample_id"),
        dtype="str",
    )


def _dataset(table, **roles):
    given = {"label": "label", "prediction": "prediction", "background": "background"} | roles
    return Dataset(name="world", metadata=table, roles=Roles(**given))


def _answer(dataset, **fields):
    question, model = BackgroundReliance(**({"draws": 200} | fields)), Precomputed()
    assert question.missing(dataset, model) == []
    arrays = {each: each.compute(dataset, model) for each in question.requires(dataset, model)}
    return question, question(ModelOutputs(dataset, "given", arrays))


@pytest.fixture(scope="module")
def planted():
    dataset = _dataset(_table(), attributes=("background", "coat"))
    return dataset, *_answer(dataset)


def test_the_scores_have_the_agreed_names(planted):
    assert {"common_accuracy", "counter_accuracy", "drop", "effective_robustness", "background_reliance"} <= set(
        planted[2].overall.index
    )


def test_every_score_and_column_says_what_it_means(planted):
    assert not unexplained(BackgroundReliance, planted[2])
    assert not idle(BackgroundReliance)


def test_planted_species_are_found_and_no_other(planted):
    rows = planted[2].by_group
    rows = rows[(rows["kind"] == "class") & (rows["q_value"] < 0.05)]
    assert set(rows["class"]) == set(PLACES)
    assert dict(zip(rows["class"], rows["common"], strict=True)) == PLACES


def test_the_verdict_names_drop_interval_and_classes(planted):
    verdict = planted[2].verdict
    assert (verdict.state, verdict.score) == ("differs", "drop")
    assert "cow (meadow)" in verdict.sentence
    assert verdict.sentence.startswith("Leans on backgrounds: drop +")
    assert "over images): " in verdict.sentence


def test_the_verdict_selects_the_samples_that_the_drop_rests_on(planted):
    dataset, _, result = planted
    added = result.by_sample[result.by_sample.columns.difference(dataset.metadata.columns)]
    table = dataset.metadata.join(added)
    rows = result.by_group[(result.by_group["kind"] == "class") & result.by_group["value"].notna()]
    behind = table[select(result.verdict.where, table)]
    assert len(behind) == result.score("drop")["n"]
    assert set(behind["label"]) == set(rows["class"])


def test_where_selects_the_samples_of_every_row(planted):
    dataset, _, result = planted
    table = dataset.metadata.join(result.by_sample)
    for _, row in result.by_group.iterrows():
        count = select(row["where"], table).sum()
        if row["kind"] in {"class", "cue_conflict"}:
            assert count == row["n"]
        elif row["kind"] == "mistake":
            assert count == row["count"]


def test_a_result_survives_json_and_disk(planted, tmp_path):
    result = planted[2]
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))
    result.save(tmp_path)
    pd.testing.assert_frame_equal(Result.load(tmp_path).by_group, result.by_group)


def test_figures_are_drawn_with_text_and_the_main_ones_can_be_clicked(planted):
    dataset, question, result = planted
    figures = question.figures(result, dataset)
    assert [figure.title for figure in figures] == [
        "Counter against common backgrounds",
        "Drop by class",
        "What counter images are mistaken for",
        "Cue conflict",
    ]
    for figure in figures:
        assert figure.text.endswith(".")
    clicked = [json.loads(entry) for trace in figures[1].figure.data for entry in (trace.customdata or ())]
    assert {tuple(entry) for entry in clicked} == {("label", "tested_side")}


def test_nothing_planted_is_called_at_most_seldom():
    states = [_answer(_dataset(_table(loss=0.0, seed=seed)))[1].verdict.state for seed in range(10)]
    assert states.count("differs") <= 1


def test_an_oracle_that_reads_only_the_background_has_reliance_one():
    table = _table(loss=0.0)
    host = {where: animal for animal, where in PLACES.items()}
    table["prediction"] = [host.get(where, "owl") for where in table["background"]]
    row = _answer(_dataset(table))[1].score("background_reliance")
    assert row["value"] == pytest.approx(1)
    assert row["low"] < 1 <= row["high"]


def test_an_oracle_that_reads_only_the_subject_has_reliance_zero():
    row = _answer(_dataset(_table(loss=0.0)))[1].score("background_reliance")
    assert row["value"] == pytest.approx(0)
    assert row["low"] <= 0 <= row["high"]


def test_a_training_split_says_which_background_is_common():
    table = _table(n=1200)
    table["split"] = np.where(np.arange(1200) < 600, "train", "test")
    result = _answer(_dataset(table, split="split"))[1]
    assert result.settings["pairs"] == "train"
    assert (result.by_sample["tested_side"][:600] == "").all()
    assert result.score("drop")["value"] > 0.1


def test_group_ids_are_the_units_of_the_interval_over_images():
    table = _table()
    table["herd"] = np.arange(len(table)) // 4
    result = _answer(_dataset(table, group_id="herd"))[1]
    assert result.score("drop")["low_over_images"] > 0
    assert any("'herd' gives the independent units" in note for note in result.notes)


def test_corrected_backgrounds_override_the_column():
    table = _table(n=400)
    table["background_corrected"] = None
    table["background_corrected"] = table["background_corrected"].astype("str").where(table.index != "s0", "moon")
    result = _answer(_dataset(table))[1]
    assert result.by_sample.loc["s0", "background_used"] == "moon"
    assert any("1 backgrounds were checked by hand, 1 of them changed" in note for note in result.notes)


def test_what_is_missing_is_said_before_anything_runs():
    table, model, question = _table(50), Precomputed(), BackgroundReliance()
    assert "no label column" in question.missing(_dataset(table, label=None), model)[0]
    assert "no background column and no masks" in question.missing(_dataset(table, background=None), model)[0]
    assert "no column 'sky'" in BackgroundReliance(side="sky").missing(_dataset(table), model)[0]


def test_nan_scores_name_the_sample():
    table = _table(60)
    probabilities = np.full((60, 5), 0.2, dtype=np.float32)
    probabilities[7] = np.nan
    dataset = Dataset(
        name="w",
        metadata=table,
        roles=Roles(label="label", background="background"),
        arrays={"probabilities": probabilities},
    )
    with pytest.raises(ValueError, match="sample 's7' has NaN"):
        _answer(dataset)


def test_ties_take_the_first_class_and_are_counted():
    table = _table(60)
    dataset = Dataset(
        name="w",
        metadata=table,
        roles=Roles(label="label", background="background"),
        arrays={"probabilities": np.full((60, 5), 0.2, dtype=np.float32)},
    )
    result = _answer(dataset)[1]
    assert set(result.by_sample["predicted"]) == {min(SPECIES)}
    assert any("60 samples have several likeliest classes" in note for note in result.notes)


def test_two_models_are_compared_class_by_class(planted):
    dataset, question, result = planted
    steady = dataset.metadata.assign(prediction=dataset.metadata["label"])
    other = _answer(dataset.with_metadata(steady))[1]
    figures = question.compare({"leaning": result, "steady": other}, dataset)
    assert [figure.title for figure in figures] == [
        "Counter against common backgrounds",
        "Difference of drops by class",
    ]


class Square(FakeClassifier):
    """Names the strongest colour of one part of the image: the subject in the middle, or what surrounds it."""

    def __init__(self, part):
        super().__init__(("red", "green", "blue"), name=f"reads-the-{part}")
        self.part = part

    def logits(self, images):
        inside = torch.zeros(16, 16, dtype=torch.bool)
        inside[4:12, 4:12] = True
        pixels = images.float()[:, :, inside if self.part == "subject" else ~inside] / 255
        return 12 * pixels.mean(dim=2)


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    """Coloured squares on coloured grounds, with masks and faint colours so that noise can win."""
    folder = tmp_path_factory.mktemp("squares")
    generator = np.random.default_rng(0)
    rows = []
    mask = np.zeros((16, 16), dtype=np.uint8)
    mask[4:12, 4:12] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    for number in range(120):
        subject, ground = number % 3, int(generator.integers(3))
        image = np.full((16, 16, 3), 100, dtype=np.uint8)
        image[:, :, ground] += 3
        image[4:12, 4:12] = 100
        image[4:12, 4:12, subject] += 3
        Image.fromarray(image).save(folder / f"{number}.png")
        colours = ("red", "green", "blue")
        rows.append((f"s{number}", f"{number}.png", "mask.png", colours[subject], colours[ground]))
    table = pd.DataFrame(rows, columns=["sample_id", "filepath", "mask", "label", "background"], dtype="str")
    roles = Roles(label="label", background="background", mask="mask")
    return Dataset(name="squares", metadata=table.set_index("sample_id"), root=folder, roles=roles)


def test_a_model_that_reads_the_subject_loses_it_and_keeps_its_answers_on_any_background(squares, tmp_path):
    result = running.run(BackgroundReliance(draws=200), squares, Square("subject"), store=Store(tmp_path)).result
    rows = result.by_group[result.by_group["kind"] == "intervention"]
    ground = rows[rows["intervention"].str.startswith("background")]
    assert (ground["flip_rate"] == 0).all()
    assert rows.loc[words("foreground_grey"), "accuracy"] == pytest.approx(1 / 3, abs=0.01)
    assert result.score("relative_foreground_sensitivity")["value"] > 0
    assert result.score("relative_foreground_sensitivity")["low"] > 0
    assert result.score("challenge_accuracy")["value"] == 1
    assert result.score("bg_gap")["value"] == 0


def test_a_model_that_reads_the_background_has_the_opposite_signs(squares, tmp_path):
    ground = squares.with_metadata(squares.metadata.assign(label=squares.metadata["background"]))
    result = running.run(BackgroundReliance(draws=200), ground, Square("background"), store=Store(tmp_path)).result
    assert result.score("relative_foreground_sensitivity")["high"] < 0
    assert result.score("bg_gap")["value"] == 1
    assert result.score("challenge_accuracy")["value"] < 0.6
    rows = result.by_group.set_index("intervention", append=True).xs("foreground_grey", level="intervention")
    assert (rows["flip_rate"] == 0).all()


def test_backgrounds_are_named_by_a_model_that_reads_text(squares, tmp_path):
    nameless = squares.with_roles(Roles(label="label", mask="mask"))
    question = BackgroundReliance(
        draws=200, interventions=(), name_backgrounds=True, backgrounds=("red", "green", "blue")
    )
    result = running.run(question, nameless, FakeCLIP(), store=Store(tmp_path)).result
    assert set(result.by_sample["background_used"]) <= {"red", "green", "blue"}
    assert any("named by the model itself, out of 3 words" in note for note in result.notes)


def test_the_page_says_how_the_subject_was_told(squares, tmp_path):
    question = BackgroundReliance(draws=200, region="center", interventions=("background_grey", "foreground_grey"))
    result = running.run(question, squares, Square("subject"), store=Store(tmp_path)).result
    assert result.settings["region"] == "the middle of each image"
    assert "Where the subject is was told by the middle of each image" in result.notes
    figures = question.figures(result, squares)
    assert "Changed images, subject by middle of each image" in [figure.title for figure in figures]


def test_the_models_own_saliency_can_say_where_the_subject_is(tmp_path):
    dataset = load_dataset(write_world("menagerie", tmp_path / "world", n=120, seed=4, workers=1))
    names = ("background_grey", "foreground_grey", "background_noise", "foreground_noise")
    question = BackgroundReliance(draws=50, n_min=3, region="saliency", interventions=names)
    result = running.run(question, dataset, load_model("demo"), store=Store(tmp_path / "store")).result
    assert result.settings["region"] == "the model's own saliency"
    assert "Where the subject is was told by the model's own saliency" in result.notes
    rows = result.by_group[result.by_group["kind"] == "intervention"].set_index("intervention")
    # What the answers rest on was greyed: that loses more of them than greying three times as many other pixels.
    assert rows.loc["foreground_grey", "flip_rate"] > rows.loc["background_grey", "flip_rate"] / 3
    assert 0 < rows.loc["foreground_grey", "flip_rate"] <= 1
    assert np.isfinite(result.score("relative_foreground_sensitivity")["value"])


def test_the_menagerie_shows_what_was_planted(tmp_path):
    dataset = load_dataset(write_world("menagerie", tmp_path / "world", n=600, seed=3, workers=1))
    names = ("background_swap_same", "background_noise", "foreground_noise", "image_hue")
    question = BackgroundReliance(draws=200, n_min=10, interventions=names)
    result = running.run(question, dataset, load_model("demo"), store=Store(tmp_path / "store")).result
    rows = result.by_group[result.by_group["kind"] == "class"].set_index("class")
    assert (rows.loc[list(PLANTED_SPECIES), "q_value"] < 0.05).all()
    assert (rows.loc[list(PLANTED_SPECIES), "value"] > 0.15).all()
    assert not (rows.loc[list(OTHER_SPECIES), "q_value"] < 0.05).any()
    flips = result.by_group[result.by_group["kind"] == "class_flip"]
    turned = flips[flips["intervention"] == "image_hue"].set_index("class")["flip_rate"]
    assert (turned[["robin", "bluebird"]] > 0.5).all()
    assert result.score("relative_foreground_sensitivity")["value"] > 0


def test_real_photos_and_weights_run_through(shared_data, tmp_path):
    folder = shared_data / "imagenet_sample"
    dataset = load_dataset(folder)
    birds_and_dogs = dataset.metadata["imagenet_index"].between(80, 100) | dataset.metadata["imagenet_index"].between(
        151, 170
    )
    some = dataset.subset(birds_and_dogs.to_numpy(dtype=bool))
    weights = shared_data / "weights" / "mobilenetv2_100_imagenet1001.safetensors"
    spec = "timm:mobilenetv2_100?pad_type=same&num_classes=1001&mean=0.5,0.5,0.5&std=0.5,0.5,0.5&size=224"
    model = load_model(f"{spec}&class_names=imagenet1k", weights=weights)
    question = BackgroundReliance(draws=200, protocol="1-vs-1000", interventions=("background_grey", "foreground_grey"))
    result = running.run(question, some, model, store=Store(tmp_path)).result
    rows = result.by_group[result.by_group["kind"] == "intervention"].set_index("intervention")
    assert result.score("accuracy")["value"] > 0.8
    assert rows.loc["background_grey", "accuracy"] > rows.loc["foreground_grey", "accuracy"] + 0.3
    assert result.settings["region"] == "the masks of the data"
    assert set(NAMES) >= set(rows.index)
