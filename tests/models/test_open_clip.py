import json

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import ImageEncoder, LayerActivations, TextEncoder
from audit.models.open_clip import OpenClipModel, _quick_gelu, _Source

VIT = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
RESNET = {**VIT, "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None}}
COLOURS = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7], "interpolation": "bilinear", "resize_mode": "squash"}


def folder_of(path, config, *, colours=None, seed=0):
    """A folder as open_clip's own export leaves it: configuration and weights."""
    path.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    network = open_clip.CLIP(**config).eval()
    (path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": colours or {}}))
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path / "model.safetensors")
    return path, network


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("clip") / "vit", VIT, colours=COLOURS)


@pytest.fixture(scope="module")
def images():
    return torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def load(spec, **settings):
    return load_model(spec, device="cpu", **settings)


def test_a_folder_gives_that_networks_embeddings(small, images):
    folder, network = small
    model = load(f"open_clip:{folder}")
    x = model.preprocessing.normalise(images)
    with torch.inference_mode():
        torch.testing.assert_close(model.encode_image(images), network.encode_image(x))
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(["a dog", "two cats"])
        expected = network.encode_text(tokens).numpy()
    np.testing.assert_allclose(model.encode_text(["a dog", "two cats"]), expected, rtol=1e-4, atol=1e-5)
    assert model.logit_scale == pytest.approx(network.logit_scale.exp().item())


def test_it_has_the_abilities_of_a_contrastive_model(small):
    model = load(f"open_clip:{small[0]}")
    assert model.abilities == {"image_encoder", "text_encoder", "layer_activations"}
    assert isinstance(model, ImageEncoder)
    assert isinstance(model, TextEncoder)
    assert isinstance(model, LayerActivations)
    assert model.notes == ()


def test_its_preprocessing_is_that_of_open_clips_own_transform(small):
    folder, _ = small
    model = load(f"open_clip:{folder}")
    _, _, theirs = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (51, 77, 3), dtype=np.uint8))
    pixels = torch.from_numpy(model.preprocessing.prepare(image).copy()).permute(2, 0, 1)[None]
    assert torch.equal(model.preprocessing.normalise(pixels)[0], theirs(image))
    assert model.preprocessing.resize == "squash"
    assert model.preprocessing.interpolation == "bilinear"


def test_phrases_are_encoded_alike_in_any_number(small, monkeypatch):
    model = load(f"open_clip:{small[0]}")
    phrases = [f"a photo of {i}" for i in range(5)]
    at_once = model.encode_text(phrases)
    monkeypatch.setattr("audit.models.open_clip.TEXT_BATCH", 2)
    np.testing.assert_allclose(model.encode_text(phrases), at_once, rtol=1e-4, atol=1e-5)
    assert model.encode_text([]).shape[0] == 0


def test_blocks_are_read_as_class_token_and_patches(small, images):
    folder, network = small
    model = load(f"open_clip:{folder}")
    assert model.layers == ("blocks.0.cls", "blocks.0.patches", "blocks.1.cls", "blocks.1.patches")
    found = model.activations(images, model.layers)
    with torch.inference_mode():
        out = network.visual.forward_intermediates(
            model.preprocessing.normalise(images),
            indices=[1],
            output_fmt="NLC",
            output_extra_tokens=True,
            intermediates_only=True,
        )
    torch.testing.assert_close(found["blocks.1.patches"], out["image_intermediates"][0].mean(1))
    torch.testing.assert_close(found["blocks.1.cls"], out["image_intermediates_prefix"][0][:, 0])


def test_a_resnet_has_its_stages_as_layers(tmp_path):
    folder, _ = folder_of(tmp_path / "rn", RESNET)
    model = load(f"open_clip:{folder}")
    found = model.activations(torch.zeros(1, 3, 64, 64, dtype=torch.uint8), model.layers)
    assert {name: value.shape[1] for name, value in found.items()} == {
        "layer1": 32,
        "layer2": 64,
        "layer3": 128,
        "layer4": 256,
    }


def test_equal_folders_have_one_fingerprint_and_other_weights_another(small, tmp_path):
    same, _ = folder_of(tmp_path / "same", VIT, colours=COLOURS)
    other, _ = folder_of(tmp_path / "other", VIT, colours=COLOURS, seed=1)
    assert load(f"open_clip:{small[0]}").fingerprint == load(f"open_clip:{same}").fingerprint
    assert load(f"open_clip:{small[0]}").fingerprint != load(f"open_clip:{other}").fingerprint


def test_quick_gelu_changes_the_numbers_and_the_fingerprint(small, images):
    plain, quick = load(f"open_clip:{small[0]}"), load(f"open_clip:{small[0]}?quick_gelu=true")
    assert plain.weights_hash == quick.weights_hash
    assert plain.fingerprint != quick.fingerprint
    assert not torch.allclose(plain.encode_image(images), quick.encode_image(images), atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "tag", "used", "noted"),
    [
        ("ViT-B-32", "openai", True, True),
        ("ViT-B-32-quickgelu", "openai", True, False),
        ("ViT-B-32", "laion2b_s34b_b79k", False, False),
    ],
)
def test_the_tags_own_activation_function_is_used_and_a_mismatch_noted(architecture, tag, used, noted):
    from open_clip.pretrained import get_pretrained_cfg

    source = _Source(model=architecture, tag=tag, trained=get_pretrained_cfg(architecture, tag))
    found, notes = _quick_gelu(source, {}, None)
    assert found is used
    assert any("QuickGELU mismatch" in note for note in notes) is noted


def test_weights_of_unknown_training_say_that_gelu_was_assumed(tmp_path):
    _, notes = _quick_gelu(_Source(model="ViT-B-32"), {}, tmp_path / "w.pt")
    assert "quick_gelu=true" in notes[0]
    assert _quick_gelu(_Source(model="ViT-B-32"), {"quick_gelu": "true"}, tmp_path / "w.pt") == (True, [])


@pytest.fixture
def registered(monkeypatch, small):
    """The small configuration as if it were one of open_clip's, with a tag that names its training."""
    from open_clip import factory, pretrained

    trained = {"url": "", "hf_hub": "", "mean": (0.9, 0.8, 0.7), "std": (0.2, 0.2, 0.2), "quick_gelu": True}
    monkeypatch.setitem(factory._MODEL_CONFIGS, "ViT-small-test", VIT)
    monkeypatch.setitem(pretrained._PRETRAINED, "ViT-small-test", {"drawn": trained})
    return small


def test_an_architecture_with_random_weights_is_seeded_and_says_so(registered):
    first, again = load("open_clip:ViT-small-test/random"), load("open_clip:ViT-small-test/random")
    assert first.name == "open_clip:ViT-small-test/random?seed=0"
    assert first.notes == ("Untrained network: random weights of seed 0.",)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != load("open_clip:ViT-small-test/random?seed=1").fingerprint


def test_a_tag_beside_local_weights_says_how_they_were_trained(registered, images):
    folder, _ = registered
    model = load("open_clip:ViT-small-test/drawn", weights=folder / "model.safetensors")
    assert model.preprocessing.mean == (0.9, 0.8, 0.7)
    assert "QuickGELU mismatch" in model.notes[0]
    quick = load(f"open_clip:{folder}?quick_gelu=true&mean=0.9,0.8,0.7&std=0.2&resize=shortest&interpolation=bicubic")
    assert torch.equal(model.encode_image(images), quick.encode_image(images))


def test_weights_of_another_network_are_refused_with_the_remedy(registered, tmp_path):
    other, _ = folder_of(tmp_path / "wide", {**VIT, "embed_dim": 8})
    with pytest.raises(InputError, match=r"'.*proj.*' has shape .* Check the architecture named before the slash"):
        load("open_clip:ViT-small-test", weights=other / "model.safetensors")


def test_loading_leaves_the_random_state_and_the_root_logger_alone(registered):
    import logging

    state, handlers = torch.random.get_rng_state(), logging.getLogger().handlers[:]
    load("open_clip:ViT-small-test/random")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert logging.getLogger().handlers == handlers


def test_without_a_tokenizer_there_is_no_text_encoder(small):
    _, network = small
    full = load(f"open_clip:{small[0]}")
    model = OpenClipModel(
        module=network,
        tokenizer=None,
        name="mute",
        preprocessing=full.preprocessing,
        device="cpu",
        dtype="float32",
        architecture={},
    )
    assert model.abilities == {"image_encoder"}
    with pytest.raises(InputError, match="`model` must have a text encoder; mute has not"):
        model.encode_text(["a"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("open_clip:ViT-B-33/openai", "open_clip architecture; got 'ViT-B-33'. Did you mean ViT-B-32"),
        ("open_clip:ViT-B-32/openia", r"tag of ViT-B-32 \(openai.*got 'openia'"),
        ("open_clip:ViT-B-32", r"got ''. Write open_clip:ViT-B-32/TAG"),
        ("open_clip:ViT-B-32/openai?seed=1", "`seed` must be left out"),
        ("open_clip:ViT-B-32/random?weights=w.pt", "must be left out for random weights"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(spec, message):
    with pytest.raises(InputError, match=message):
        load(spec)


@pytest.mark.parametrize("missing", ["open_clip_config.json", "model.safetensors"])
def test_an_incomplete_folder_is_refused_by_name(tmp_path, missing):
    folder, _ = folder_of(tmp_path / "vit", VIT)
    (folder / missing).unlink()
    with pytest.raises(InputError, match="`model` must be a folder with"):
        load(f"open_clip:{folder}")


def test_weights_out_of_reach_are_refused_with_the_remedy(registered, monkeypatch):
    from open_clip import pretrained

    monkeypatch.setitem(pretrained._PRETRAINED["ViT-small-test"], "far", {"hf_hub": "nobody/nothing/"})
    with pytest.raises(InputError, match=r"'open_clip:ViT-small-test/far' is not: .*weights=FILE"):
        load("open_clip:ViT-small-test/far")
