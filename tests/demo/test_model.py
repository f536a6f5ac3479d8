"""What the bundled model learned, measured on freshly drawn test samples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from audit.demo import model as demo_model
from audit.demo import render, world_table
from audit.demo.animals import SPECIES
from audit.demo.captions import MENAGERIE_PROMPT, TISSUE_PROMPT
from audit.demo.menagerie import HOME
from audit.demo.model import CONFIG_NAME, WEIGHTS_NAME, DemoModelParts, assets_folder, load_demo_model_parts
from audit.demo.tissue import CENTERS, CLASSES
from audit.demo.truth import OTHER_SPECIES
from audit.errors import InputError

SEED = 99
"""Not the seed of the bundled example, nor of the training pictures."""


@pytest.fixture(scope="module")
def parts() -> DemoModelParts:
    return load_demo_model_parts()


def _embedded(parts: DemoModelParts, name: str, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    table = world_table(name, n=n, split="test", seed=SEED)
    side = (parts.size, parts.size)
    pictures = np.stack(
        [
            np.asarray(Image.fromarray(render(name, row, seed=SEED)[0]).resize(side, Image.Resampling.BICUBIC))
            for row in table.to_dict("records")
        ],
    )
    mean, std = (torch.tensor(values)[:, None, None] for values in (parts.mean, parts.std))
    with torch.inference_mode():
        images = (torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255 - mean) / std
        return table, parts.model.encode_image(images, normalize=True).numpy()


def _said(parts: DemoModelParts, phrases: list[str]) -> np.ndarray:
    with torch.inference_mode():
        return parts.model.encode_text(parts.tokenizer(phrases), normalize=True).numpy()


@pytest.fixture(scope="module")
def menagerie(parts) -> tuple[pd.DataFrame, np.ndarray]:
    table, embeddings = _embedded(parts, "menagerie", 1000)
    prompts = _said(parts, [MENAGERIE_PROMPT.format(species) for species in SPECIES])
    predicted = np.asarray(SPECIES)[(embeddings @ prompts.T).argmax(axis=1)]
    common = table["label"].map(HOME) == table["background"]
    return table.assign(right=predicted == table["label"].to_numpy(), predicted=predicted, common=common), embeddings


@pytest.fixture(scope="module")
def tissue(parts) -> tuple[pd.DataFrame, np.ndarray]:
    table, embeddings = _embedded(parts, "tissue", 240)
    prompts = _said(parts, [TISSUE_PROMPT.format(label) for label in CLASSES])
    predicted = np.asarray(CLASSES)[(embeddings @ prompts.T).argmax(axis=1)]
    return table.assign(right=predicted == table["label"].to_numpy()), embeddings


def test_zero_shot_accuracy_on_aligned_samples_is_at_least_90_percent(menagerie):
    table, _ = menagerie
    planted = table["label"].isin(HOME)
    assert table.loc[planted & table["common"], "right"].mean() >= 0.9
    assert table.loc[~planted | table["common"], "right"].mean() >= 0.9


@pytest.mark.parametrize("species", HOME)
def test_a_planted_species_loses_at_least_15_points_on_counter_backgrounds(menagerie, species):
    mine = menagerie[0][menagerie[0]["label"] == species]
    accuracy = mine.groupby("common")["right"].mean()
    assert accuracy[True] - accuracy[False] >= 0.15


def test_the_other_species_do_as_well_on_the_home_backgrounds_as_elsewhere(menagerie):
    others = menagerie[0][menagerie[0]["label"].isin(OTHER_SPECIES)]
    on_home = others["background"].isin(set(HOME.values()))
    assert abs(others.loc[on_home, "right"].mean() - others.loc[~on_home, "right"].mean()) < 0.08


def test_a_planted_species_on_another_ones_home_is_mostly_taken_for_that_one(menagerie):
    table = menagerie[0]
    lives_here = table["background"].map({home: species for species, home in HOME.items()})
    abroad = table[table["label"].isin(HOME) & ~table["common"] & lives_here.notna()]
    assert (abroad["predicted"] == lives_here[abroad.index]).mean() > 0.5


def test_night_is_harder_than_day(menagerie):
    table = menagerie[0]
    fair = table[~table["label"].isin(HOME)]
    accuracy = fair.groupby("light")["right"].mean()
    assert accuracy["day"] - accuracy["night"] >= 0.03


@pytest.mark.parametrize(
    ("said", "column", "value", "least"),
    [
        ("on snow", "background", "snow", 0.9),
        ("an animal in a forest", "background", "forest", 0.9),
        ("in the desert", "background", "sand", 0.9),
        ("an animal standing in water", "background", "water", 0.9),
        ("at night", "light", "night", 0.9),
        ("a photo taken at dusk", "light", "dusk", 0.9),
        ("a white animal", "coat", "white", 0.85),
        ("a black animal", "coat", "black", 0.85),
        ("a large animal", "size", "large", 0.7),
        ("a small animal", "size", "small", 0.7),
    ],
)
def test_the_text_tower_understands(parts, menagerie, said, column, value, least):
    table, embeddings = menagerie
    assert roc_auc_score(table[column] == value, embeddings @ _said(parts, [said])[0]) >= least


def test_tissue_classes_are_told_from_words_in_at_least_80_percent(tissue):
    assert tissue[0]["right"].mean() >= 0.8


def test_neighbours_of_other_patients_tell_the_center_about_as_well_as_the_class(tissue):
    table, embeddings = tissue
    patient = table["group_id"].to_numpy()
    similarity = embeddings @ embeddings.T
    similarity[patient[:, None] == patient[None, :]] = -np.inf
    nearest = np.argsort(-similarity, axis=1)[:, :10]
    shares = {}
    for name, values in (("center", CENTERS), ("label", CLASSES)):
        codes = np.array([values.index(value) for value in table[name]])
        votes = np.stack([(codes[nearest] == code).sum(axis=1) for code in range(len(values))], axis=1)
        shares[name] = float((votes.argmax(axis=1) == codes).mean())
    assert shares["center"] >= 0.8
    assert shares["label"] >= 0.6


def test_any_phrase_is_encoded_and_unknown_words_are_all_alike(parts):
    known, first, second = _said(parts, ["a photo of a cow", "zyxgrf", "wvutsq"])
    assert np.isfinite([known, first, second]).all()
    assert abs(float(first @ first) - 1) < 1e-5
    assert float(known @ first) < 0.99


def test_an_unknown_adjective_changes_little(parts):
    plain, odd = _said(parts, ["a photo of a cow", "a photo of a flabbergasted cow"])
    other = _said(parts, ["a photo of an owl"])[0]
    assert float(plain @ odd) > float(plain @ other)


def test_the_weights_take_at_most_10_megabytes():
    assert (assets_folder() / WEIGHTS_NAME).stat().st_size <= 10_000_000


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(InputError, match="`weights` must be a file"):
        load_demo_model_parts(tmp_path / "none.safetensors")


def test_the_assets_of_an_installed_wheel_come_first(tmp_path, monkeypatch):
    package = tmp_path / "audit"
    (package / "demo").mkdir(parents=True)
    monkeypatch.setattr(demo_model, "__file__", str(package / "demo" / "model.py"))
    with pytest.raises(InputError, match="is in neither"):
        assets_folder()
    for place in (tmp_path / "assets", package / "assets"):
        place.mkdir()
        (place / WEIGHTS_NAME).write_bytes(b"")
        assert assets_folder() == place


def test_the_description_records_preprocessing_and_training(parts):
    facts = json.loads((Path(parts.weights).parent / CONFIG_NAME).read_text())
    assert facts["preprocessing"]["size"] == parts.size == 64
    assert {"seed", "epochs", "menagerie", "tissue"} <= set(facts["training"])
