import dataclasses
import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from audit.audits.prototypes import PrototypeExplanations
from audit.base import select
from audit.dataset import Dataset, Roles
from audit.demo.menagerie import HOME, HUE_TWINS, SHAPE_TWINS
from audit.demo.write import world_table, write_share, write_world
from audit.engine import compute
from audit.errors import InputError
from audit.models import load_model
from audit.outputs import Embeddings
from audit.prototypes.evidence import Evidence, PartEvidence
from audit.prototypes.examine import _of_another_class
from audit.prototypes.figures import page_figures
from audit.readers import load_dataset
from audit.result import Result
from audit.run import run
from audit.store import Store
from audit.wording import format_value
from tests.fakes import FakeModel
from tests.meanings import idle, unexplained
from tests.planted import dataset as planted_embeddings
from tests.planted import make
from tests.prototypes.planted import PlantedModel, world

QUICK = {"explained": 24, "curves": 4, "doses": (2.0,), "draws": 200, "parts": 2, "images": 8}


@pytest.fixture(scope="module")
def menagerie(tmp_path_factory):
    folder = tmp_path_factory.mktemp("menagerie")
    dataset = load_dataset(write_world("menagerie", folder / "world", n=160, seed=3, workers=1))
    store = Store(folder / "store")
    model = load_model("demo", device="cpu")
    audit = PrototypeExplanations(**{**QUICK, "explained": 60, "curves": 8})
    return audit, dataset, model, run(audit, dataset, model, store=store).result


def because(result, characteristic):
    rows = result.by_group
    rows = rows[rows["kind"] == "because"]
    return rows[rows["characteristic"] == characteristic]


@pytest.mark.parametrize("kind", ["hue", "shape"])
def test_what_a_class_was_made_to_depend_on_leads_for_its_prototypes(tmp_path, kind):
    dataset, model = world(tmp_path, kind), PlantedModel(kind)
    result = run(PrototypeExplanations(**QUICK), dataset, model, store=Store(tmp_path / "store")).result
    rows = result.by_group[result.by_group["kind"] == "because"]
    assert len(rows) >= 10
    wide = rows.pivot_table(index="part", columns="characteristic", values="value").abs()
    assert (wide.idxmax(axis=1) == kind).mean() >= 0.9
    assert (because(result, kind)["matters"] == "yes").mean() >= 0.9
    assert result.score("identity_control")["value"] == 0
    apart = result.by_group[result.by_group["kind"] == "told_apart"]
    assert set(apart["class"]) == {"first", "second"}
    # Turned away from the other class, a hue may also lengthen the lead: what counts is how much it moves.
    moved = apart.pivot_table(index="class", columns="characteristic", values="lead_drop").abs().idxmax(axis=1)
    assert set(moved) == {kind}
    assert (apart["class"] != apart["rival"]).all()


def draw_species(folder, species, n):
    """Draw some species of a world, and one sample of every other so that the model chooses among all ten."""
    table = world_table("menagerie", n=n, split="test", seed=2024)
    table = table[table["label"].isin(species) | ~table["label"].duplicated()]
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    write_share(folder, "menagerie", table, 2024)
    table.to_csv(folder / "samples.csv", index=False)
    return load_dataset(folder)


def test_what_tells_the_planted_twins_apart_is_what_was_planted(tmp_path):
    twins = (*HUE_TWINS, *SHAPE_TWINS)
    dataset = draw_species(tmp_path / "world", twins, n=1400)
    audit = PrototypeExplanations(**{**QUICK, "explained": 560, "curves": 1, "doses": ()}, classes=twins)
    rows = run(audit, dataset, load_model("demo", device="cpu"), store=Store(tmp_path / "store")).result.by_group
    apart = rows[rows["kind"] == "told_apart"]
    lost = apart.pivot_table(index="class", columns="characteristic", values="value")
    assert set(lost.loc[list(HUE_TWINS)].idxmax(axis=1)) == {"hue"}
    assert lost.loc[list(HUE_TWINS)].drop(columns="hue").max(axis=None) < 0.15
    assert set(lost.loc[list(SHAPE_TWINS)].idxmax(axis=1)) == {"shape"}
    said = apart.drop_duplicates("class").set_index("class")
    assert set(said.loc[list(HUE_TWINS), "because"]) == {"hue"}
    assert set(said.loc[list(SHAPE_TWINS), "because"]) == {"shape"}
    assert set(said.loc[list(SHAPE_TWINS), "rival"]) == set(SHAPE_TWINS)


def test_every_score_and_column_says_what_it_means(menagerie):
    assert not unexplained(PrototypeExplanations, menagerie[3])
    assert not idle(PrototypeExplanations)


def test_every_score_of_the_methods_is_there_with_interval_and_null(menagerie):
    _, _, _, result = menagerie
    for name in ("fidelity", "coverage", "consistency", "stability", "deletion_auc", "insertion_auc"):
        row = result.score(name)
        assert row["low"] <= row["value"] <= row["high"], name
        assert np.isfinite(row["null"]), name


def test_the_control_that_changes_nothing_is_exactly_0(menagerie):
    _, _, _, result = menagerie
    assert result.score("identity_control")["value"] == 0


def test_prototypes_of_the_bundled_model_tell_its_answers(menagerie):
    _, _, _, result = menagerie
    assert result.score("fidelity")["low"] > result.score("fidelity")["null"] + 0.2
    assert result.verdict.state == "above_chance"
    assert "mostly because of" in result.verdict.sentence
    assert result.settings["class_is"] == "prediction"


def test_typical_pictures_show_the_home_background_and_borderline_ones_another(tmp_path):
    dataset = draw_species(tmp_path / "world", tuple(HOME), n=700)
    audit = PrototypeExplanations(**{**QUICK, "explained": 4, "curves": 1, "doses": (), "images": 4})
    result = run(audit, dataset, load_model("demo", device="cpu"), store=Store(tmp_path / "store")).result
    rows = result.by_group[result.by_group["class"].isin(list(HOME))]
    at_home = {
        kind: (own["class"].map(HOME).to_numpy() == dataset.metadata.loc[own["sample"], "background"].to_numpy()).mean()
        for kind, own in rows[rows["kind"].isin(["typical", "boundary"])].groupby("kind")
    }
    assert at_home["typical"] >= 0.6
    assert at_home["boundary"] < at_home["typical"] - 0.15


def test_shuffled_weights_change_the_heat(menagerie):
    _, _, _, result = menagerie
    assert result.score("randomised_agreement")["value"] < 0.6


def test_no_sample_is_similar_to_its_own_group(menagerie):
    _, dataset, _, result = menagerie
    nearest = result.by_sample["nearest_prototype"]
    group = dataset.metadata["group_id"]
    some = nearest != ""
    assert some.any()
    assert (group[some].to_numpy() != group.loc[nearest[some]].to_numpy()).all()


def test_every_row_leads_to_samples(menagerie):
    _, dataset, _, result = menagerie
    table = dataset.metadata.join(result.by_sample)
    for where in result.by_group["where"].unique():
        select(where, table)
    classes = result.by_group[result.by_group["kind"] == "class"]
    assert all(select(where, table).any() for where in classes["where"])


def test_a_row_a_class_shows_typical_borderline_and_parts_in_frames(menagerie):
    audit, dataset, _, result = menagerie
    panel = audit.panels(result, dataset, "")[0]
    assert len(panel.rows) == 10
    chance = format_value(float(result.overall.loc["relevance", "null"]), "share")
    assert f"the share of the image that the subject covers, here {chance} on average." in panel.text
    for row in panel.rows:
        titles = [group.title for group in row.groups]
        assert titles == ["typical", "borderline", "parts, alike because of"]
        assert all(picture.box is not None for picture in row.groups[2].pictures)
        assert "stands for" in row.groups[0].pictures[0].caption
    chosen = panel.rows[3]
    assert audit.panels(result, dataset, chosen.where)[0].rows[0].title == chosen.title


def test_the_figures_show_every_characteristic_and_lead_to_their_rows(menagerie):
    audit, dataset, _, result = menagerie
    figures = audit.figures(result, dataset)
    assert figures[0].title == "Why things look like each part"
    assert figures[1].title == "What tells each class from the others"
    assert len(figures) == 5
    for figure in figures[:2]:
        wheres = np.asarray(figure.figure.data[0].customdata).ravel()
        assert set(wheres) <= set(result.by_group["where"])


def test_a_sample_is_explained_by_heat_maps_bars_and_words(menagerie):
    audit, dataset, model, result = menagerie
    whole, *parts = audit.examine(result, dataset, model, str(dataset.index[0]))
    assert whole.title == "This image as a whole"
    assert len(parts) == 3
    for panel in parts:
        assert "Looks like" in panel.title
        this, that = panel.rows[0].groups
        assert this.pictures[0].image is not None
        assert that.pictures[0].image is not None
        assert this.pictures[0].box is not None
        assert len(panel.figures[0].figure.data[0].x) == 5


def test_what_another_class_explains_is_called_so(menagerie):
    audit, dataset, model, result = menagerie
    told = result.by_sample
    mistaken = told["nearest_class"] != told["prototype_class"]
    classes = result.by_group["class"]
    other = 0
    for sample in (*told.index[mistaken][:3], *told.index[~mistaken][:3]):
        own = str(told.loc[sample, "prototype_class"])
        whole, *parts = audit.examine(result, dataset, model, str(sample))
        assert ("typical pictures mislead about this" in whole.text) == mistaken[sample]
        for panel in parts:
            name = panel.rows[0].groups[1].pictures[0].caption
            said = f"A part of another class: the image counts as {own}, the part as {classes[name]}. "
            assert panel.text.startswith(said) == (classes[name] != own)
            other += classes[name] != own
    assert mistaken.any()
    assert other


def test_parts_of_a_class_that_was_not_looked_at_are_not_held_against_an_image():
    assert _of_another_class("owl", "cat", ["cat"]) == (
        "A part of another class: the image counts as owl, of which no part was looked for, the part as cat. "
    )
    assert _of_another_class("", "cat", ["cat"]) == _of_another_class("cat", "cat", ["cat"]) == ""


def test_of_many_classes_the_map_of_classes_leads(menagerie):
    _, _, _, result = menagerie
    because = result.by_group[result.by_group["kind"] == "because"]
    more = because.assign(part=because["part"] + " again")
    crowded = dataclasses.replace(result, by_group=pd.concat([result.by_group, more]))
    titles = [figure.title for figure in page_figures(crowded)[:2]]
    assert titles == ["What tells each class from the others", "Why things look like each part"]


def test_an_image_from_elsewhere_is_explained_and_a_prototypes_own_image_is_never_like_itself(menagerie):
    audit, dataset, model, result = menagerie
    parts = result.by_group[result.by_group["kind"] == "part"]
    sample = str(parts["sample"].iloc[0])
    with Image.open(dataset.root / dataset.metadata.loc[sample, "filepath"]) as opened:
        image = opened.convert("RGB")
    own = set(parts.index[parts["sample"] == sample])
    for about in (sample, image):
        panels = audit.examine(result, dataset, model, about)
        looked = [panel.title.partition("Looks like ")[2] for panel in panels if "Looks like" in panel.title]
        assert looked
        assert not any(title.startswith(name + " ") for title in looked for name in own)
    narrow = Image.new("RGB", (300, 40), (10, 200, 30))
    assert audit.examine(result, dataset, model, narrow)


def test_the_models_own_answer_for_an_image_from_elsewhere_stands_first(menagerie):
    audit, dataset, model, result = menagerie
    sample = str(result.by_sample.index[0])
    with Image.open(dataset.root / dataset.metadata.loc[sample, "filepath"]) as opened:
        first = audit.examine(result, dataset, model, opened.convert("RGB"))[0]
    answer = result.by_sample.loc[sample, "prototype_class"]
    assert first.title == "This image as a whole"
    assert first.text.startswith(f"The model's answer among the {len(dataset.classes)} classes of the data: {answer}, ")


def test_the_result_survives_being_saved(menagerie, tmp_path):
    _, _, _, result = menagerie
    result.save(tmp_path)
    loaded = Result.load(tmp_path)
    assert loaded.settings["heat"] == "similarity, not decomposition"
    assert loaded.by_group.index.name == "prototype"
    json.dumps(result.to_json(), allow_nan=False)


def photographs(folder, n=12):
    """Return images of three classes of a network's own names, drawn as coloured noise."""
    rows = []
    for i in range(n):
        draw = np.random.default_rng(i)
        pixels = draw.integers(0, 256, (40, 60, 3)) * np.asarray([1.0, 0.6, 0.3])[np.roll([0, 1, 2], i % 3)]
        Image.fromarray(pixels.astype(np.uint8)).resize((90, 60)).save(folder / f"{i}.png")
        rows.append({"filepath": f"{i}.png", "label": str(i % 3)})
    index = pd.Index([f"s{i}" for i in range(n)], name="sample_id")
    return Dataset(name="noise", metadata=pd.DataFrame(rows, index=index), roles=Roles(label="label"), root=folder)


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear")
    model = load_model("timm:resnet10t.random?num_classes=3&size=64x64&seed=1", device="cpu")
    return photographs(folder), model, Store(folder / "store")


def test_the_parts_of_a_pooled_linear_head_add_up_to_the_logit(linear):
    dataset, model, store = linear
    audit = PrototypeExplanations(**{**QUICK, "by": "label"})
    result = run(audit, dataset, model, store=store).result
    assert result.settings["heat"] == "decomposition"
    assert result.score("decomposition_gap")["value"] < 1e-5
    assert not unexplained(PrototypeExplanations, result)
    assert 0 <= result.score("unexplained_weights")["value"] <= 1
    outputs = compute(dataset, model, [Embeddings(), audit.evidence(dataset, model)], store=store)
    evidence = Evidence.of(outputs[audit.evidence(dataset, model)])
    _, head = model.dense
    vectors = outputs[Embeddings()]
    for code in np.unique(evidence.parts.place).tolist():
        own = evidence.parts.place == code
        rows = np.intersect1d(evidence.parts.seen_row, np.flatnonzero(dataset.metadata["label"] == str(code)))
        logit = vectors[rows] @ head.weight[code].numpy()
        assert evidence.parts.contribution[own].sum() == pytest.approx(float(logit.mean()), abs=1e-5)


def test_taking_a_part_out_of_the_head_drops_the_logit_by_its_contribution(linear):
    from audit.prototypes.parts import decompose, unit

    _, model, _ = linear
    images = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    features = model.patch_features(images)
    weight = model.module.get_classifier().weight
    v, patches = weight[1].numpy().copy(), features.flatten(0, 2).numpy()
    split = decompose(v, unit(patches[[3, 9, 14]]))
    contributions = features.mean(dim=(1, 2)).double().numpy() @ split.parts.T
    before = model.logits(images)[:, 1]
    try:
        weight.copy_(torch.cat([weight[:1], torch.from_numpy(v - split.parts[2].astype(np.float32))[None], weight[2:]]))
        after = model.logits(images)[:, 1]
    finally:
        weight.copy_(torch.cat([weight[:1], torch.from_numpy(v)[None], weight[2:]]))
    assert np.abs((before - after).numpy() - contributions[:, 2]).max() < 1e-5


def test_an_explained_image_lists_the_exact_sum(linear):
    dataset, model, store = linear
    audit = PrototypeExplanations(**{**QUICK, "by": "label"})
    result = run(audit, dataset, model, store=store).result
    whole = audit.examine(result, dataset, model, "s0")[0]
    assert "Exact split of the logit" in whole.rows[0].text


def test_a_trained_models_prototypes_are_explained_instead(linear, tmp_path):
    dataset, model, _ = linear
    d = model.dense[0]
    depth = int(model.patch_features(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape[-1])
    generator = torch.Generator().manual_seed(0)
    state = {
        "prototype_vectors": torch.rand(6, 16, 1, 1, generator=generator),
        "last_layer.weight": torch.eye(3).repeat_interleave(2, dim=1),
        "add_on_layers.0.weight": torch.randn(16, depth, 1, 1, generator=generator) * 0.1,
        "add_on_layers.0.bias": torch.zeros(16),
    }
    save_file(state, str(tmp_path / "net.safetensors"))
    audit = PrototypeExplanations(**{**QUICK, "by": "label", "checkpoint": str(tmp_path / "net.safetensors")})
    result = run(audit, dataset, model, store=Store(tmp_path / "store")).result
    parts = result.by_group[result.by_group["kind"] == "part"]
    assert parts["class"].tolist() == ["0", "0", "1", "1", "2", "2"]
    assert audit.examine(result, dataset, model, "s0")
    torch.save({**state, "last_layer.weight": torch.ones(3, 5)}, tmp_path / "wrong.pth")
    wrong = dataclasses.replace(audit, checkpoint=str(tmp_path / "wrong.pth"))
    assert any("one column a prototype" in reason for reason in wrong.missing(dataset, model))
    assert min(d.grid) >= 2


def test_embeddings_alone_have_class_prototypes_and_say_what_is_left_out(tmp_path):
    vectors, label, center, slide = make(n_slide=2, n_patch=8)
    dataset = planted_embeddings(vectors, label, center, slide)
    audit = PrototypeExplanations(**QUICK)
    model = load_model("precomputed")
    result = run(audit, dataset, model, store=Store(tmp_path)).result
    assert result.settings["class_is"] == "label"
    assert np.isfinite(result.score("fidelity")["value"])
    assert "part" not in set(result.by_group["kind"])
    assert any("left out" in note for note in result.notes)


def test_prototypes_come_from_the_reference_split_alone(tmp_path):
    dataset = world(tmp_path, "hue")
    metadata = dataset.metadata.assign(part=["train"] * 12 + ["test"] * 12)
    dataset = dataclasses.replace(dataset, metadata=metadata, roles=Roles(label="label", split="part"))
    result = run(PrototypeExplanations(**QUICK), dataset, PlantedModel("hue"), store=Store(tmp_path / "store")).result
    rows = result.by_group
    used = rows.loc[rows["kind"].isin(["typical", "boundary", "part"]), "sample"]
    assert set(metadata.loc[used, "part"]) == {"train"}
    assert result.score("fidelity")["n"] == 12
    with pytest.raises(InputError, match="value of 'part'"):
        run(
            PrototypeExplanations(**QUICK, reference_split="nowhere"),
            dataset,
            PlantedModel("hue"),
            store=Store(tmp_path / "other"),
        )


def test_one_class_has_no_borderline_samples_and_says_so(tmp_path):
    dataset = world(tmp_path, "hue")
    dataset = dataclasses.replace(dataset, metadata=dataset.metadata.assign(label="only"))
    result = run(PrototypeExplanations(**QUICK), dataset, PlantedModel("hue"), store=Store(tmp_path / "store")).result
    assert "boundary" not in set(result.by_group["kind"])
    assert any("one class only" in note for note in result.notes)


def test_grey_images_lose_nothing_with_hue_and_the_notes_say_why(tmp_path):
    dataset = world(tmp_path, "shape")
    for name in dataset.metadata["filepath"]:
        with Image.open(tmp_path / name) as opened:
            grey = opened.convert("L").convert("RGB")
        grey.save(tmp_path / name)
    dataset = dataclasses.replace(dataset, content=None)
    result = run(PrototypeExplanations(**QUICK), dataset, PlantedModel("shape"), store=Store(tmp_path / "store")).result
    assert (because(result, "hue")["value"] == 0).all()
    assert (because(result, "saturation")["value"] == 0).all()
    assert any("grey" in note and "by construction" in note for note in result.notes)


def test_equal_strengths_change_pixels_by_about_as_much(tmp_path):
    dataset = world(tmp_path, "hue")
    audit = PrototypeExplanations(**QUICK, equalised=True)
    result = run(audit, dataset, PlantedModel("hue"), store=Store(tmp_path / "store")).result
    rows = result.by_group[result.by_group["kind"] == "dose"].sort_values("strength")
    assert any("Strengths that change the pixels by as much" in note for note in result.notes)
    assert len(rows) == 10


def test_a_model_without_features_by_place_or_answers_is_told_what_it_lacks():
    metadata = pd.DataFrame({"filepath": ["a.png"]}, index=pd.Index(["a"], name="sample_id"))
    reasons = PrototypeExplanations().missing(Dataset(name="bare", metadata=metadata), FakeModel("plain"))
    assert any("no label column" in reason for reason in reasons)


def test_the_evidence_is_kept_and_read_again(linear):
    dataset, model, store = linear
    audit = PrototypeExplanations(**{**QUICK, "by": "label"})
    extractor = audit.evidence(dataset, model)
    assert isinstance(extractor, PartEvidence)
    first = compute(dataset, model, [extractor], store=store)[extractor]
    again = compute(dataset, model, [extractor], store=store)[extractor]
    assert set(first) == set(again)
    assert all(np.array_equal(first[name], again[name], equal_nan=True) for name in first)


def test_the_heat_is_drawn_in_the_shape_of_the_image():
    from audit.prototypes.heat import overlay

    image = overlay(np.full((20, 40, 3), 90, dtype=np.uint8), np.eye(3))
    assert image.width == 2 * image.height
    image.save(io.BytesIO(), "PNG")
