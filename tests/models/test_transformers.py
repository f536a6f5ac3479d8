import json
import re

import numpy as np
import pytest
import torch
import transformers

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import Classifier, ImageEncoder, LayerActivations, TextEncoder

VISION = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "image_size": 32,
    "patch_size": 8,
}
LETTERS = ["a", "b", "c", "d", "o", "g", "t"]
SPECIAL = ["<|startoftext|>", "<|endoftext|>"]
VOCABULARY = {token: i for i, token in enumerate([*LETTERS, *(f"{c}</w>" for c in LETTERS), *SPECIAL])}
TEXT = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "vocab_size": len(VOCABULARY),
    "bos_token_id": 14,
    "eos_token_id": 15,
    "max_position_embeddings": 16,
}
SQUARE = {"height": 32, "width": 32}


def saved(folder, network, processor):
    """A folder as save_pretrained leaves it."""
    network.save_pretrained(folder)
    if processor is not None:
        processor.save_pretrained(folder)
    return network.eval()


def load(spec, **settings):
    return load_model(f"transformers:{spec}", device="cpu", **settings)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def images():
    return torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip")
    config = transformers.CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=16)
    processor = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SQUARE)
    tokenizer = transformers.CLIPTokenizer(vocab=VOCABULARY, merges=[])
    tokenizer.save_pretrained(folder)
    return folder, saved(folder, transformers.CLIPModel(config), processor), tokenizer


def test_a_contrastive_model_encodes_images_and_phrases_as_transformers_does(clip, images):
    folder, network, tokenizer = clip
    model = load(folder)
    assert isinstance(model, ImageEncoder)
    assert isinstance(model, TextEncoder)
    assert model.abilities == {"image_encoder", "text_encoder", "layer_activations"}
    with torch.inference_mode():
        x = model.preprocessing.normalise(images)
        torch.testing.assert_close(model.encode_image(images), network.get_image_features(x).pooler_output)
        tokens = tokenizer(["dog", "a cat"], padding=True, return_tensors="pt")
        expected = network.get_text_features(**tokens).pooler_output.numpy()
    np.testing.assert_allclose(model.encode_text(["dog", "a cat"]), expected, rtol=1e-4, atol=1e-5)
    assert model.logit_scale == pytest.approx(network.logit_scale.exp().item())


def test_without_tokenizer_files_there_is_no_text_encoder_but_a_note(clip, tmp_path):
    network = saved(tmp_path, clip[1], transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SQUARE))
    assert hasattr(network, "get_text_features")
    model = load(tmp_path)
    assert "text_encoder" not in model.abilities
    assert model.notes[0].startswith("No text encoder: the tokenizer's files are missing")


def test_a_classifier_has_logits_names_and_the_features_before_them(tmp_path, images):
    config = transformers.ViTConfig(**VISION, id2label={0: "cat", 1: "dog", 2: "cow"})
    network = transformers.ViTForImageClassification(config)
    saved(tmp_path, network, transformers.ViTImageProcessor(size=SQUARE))
    model = load(tmp_path)
    assert isinstance(model, Classifier)
    assert model.class_names == ("cat", "dog", "cow")
    with torch.inference_mode():
        x = model.preprocessing.normalise(images)
        torch.testing.assert_close(model.logits(images), network(x).logits)
        torch.testing.assert_close(model.encode_image(images), network.vit(x).last_hidden_state[:, 0])


def test_hidden_states_are_read_as_class_token_and_patches(tmp_path, images):
    config = transformers.Dinov2WithRegistersConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=8,
        num_register_tokens=4,
    )
    processor = transformers.BitImageProcessor(size={"shortest_edge": 36}, crop_size=SQUARE)
    network = saved(tmp_path, transformers.Dinov2WithRegistersModel(config), processor)
    model = load(tmp_path)
    assert isinstance(model, LayerActivations)
    assert model.layers == ("blocks.0.cls", "blocks.0.patches", "blocks.1.cls", "blocks.1.patches")
    found = model.activations(images, ["blocks.1.patches", "blocks.0.cls"])
    with torch.inference_mode():
        output = network(model.preprocessing.normalise(images), output_hidden_states=True)
    torch.testing.assert_close(found["blocks.1.patches"], output.hidden_states[2][:, 5:].mean(1))
    torch.testing.assert_close(found["blocks.0.cls"], output.hidden_states[1][:, 0])
    torch.testing.assert_close(model.encode_image(images), output.pooler_output)
    assert model.preprocessing.resize_to == (36, 36)
    with pytest.raises(InputError, match="`layers` must be layers of"):
        model.activations(images, ["blocks.9.cls"])


def test_a_pooler_without_weights_gives_way_to_the_class_token(tmp_path, images):
    network = transformers.ViTModel(transformers.ViTConfig(**VISION), add_pooling_layer=False)
    network = saved(tmp_path, network, transformers.ViTImageProcessor(size=SQUARE))
    model = load(tmp_path)
    with torch.inference_mode():
        expected = network(model.preprocessing.normalise(images)).last_hidden_state[:, 0]
    torch.testing.assert_close(model.encode_image(images), expected)


def test_a_convolutional_network_has_its_stages_as_layers(tmp_path, images):
    config = transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1])
    saved(tmp_path, transformers.ConvNextModel(config), transformers.ConvNextImageProcessor(size={"shortest_edge": 32}))
    model = load(tmp_path)
    found = model.activations(images, model.layers)
    assert [value.shape[1] for value in found.values()] == [8, 8, 16, 16]
    assert model.encode_image(images).shape == (2, 16)
    assert model.preprocessing.resize_to == (36, 36)


def test_equal_weights_have_one_fingerprint_wherever_they_lie_and_others_another(tmp_path):
    config = transformers.ViTConfig(**VISION)
    processor = transformers.ViTImageProcessor(size=SQUARE)
    network = saved(tmp_path / "a", transformers.ViTModel(config), processor)
    saved(tmp_path / "b", network, processor)
    saved(tmp_path / "c", transformers.ViTModel(config), processor)
    first, second, third = (load(tmp_path / name).fingerprint for name in "abc")
    assert first == second != third
    assert load(tmp_path / "a", dtype="bf16").fingerprint != first


def test_weights_that_would_be_random_are_refused(tmp_path):
    network = transformers.ViTModel(transformers.ViTConfig(**VISION))
    saved(tmp_path, network, transformers.ViTImageProcessor(size=SQUARE))
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": ["ViTForImageClassification"]}))
    with pytest.raises(InputError, match=r"all its weights; .* lacks classifier.bias, classifier.weight"):
        load(tmp_path)


def test_options_stand_in_for_a_missing_image_processor(tmp_path):
    saved(tmp_path, transformers.ViTModel(transformers.ViTConfig(**VISION)), None)
    with pytest.raises(InputError, match=r"preprocessor_config.json.*give size, mean and std"):
        load(tmp_path)
    found = load(f"{tmp_path}?size=32&mean=0.5&std=0.25").preprocessing
    assert (found.size, found.mean, found.std) == ((32, 32), (0.5,) * 3, (0.25,) * 3)


def test_code_that_comes_with_a_model_runs_only_when_asked(tmp_path):
    config = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("raise SystemExit('this ran')")
    with pytest.raises(InputError, match=r"`trust_remote_code` must be true .*\?trust_remote_code=true"):
        load(tmp_path)


def test_a_model_that_reads_no_images_is_refused(tmp_path):
    config = transformers.BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=48,
        vocab_size=50,
    )
    saved(tmp_path, transformers.BertModel(config), None)
    with pytest.raises(InputError, match=r"must read images; .* is a BertModel"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nobody/no-such-model", "'transformers:nobody/no-such-model' is not: .*transformers:FOLDER"),
        ("/no/such/folder", "must be a folder with config.json and weights"),
        ("", "got no name"),
    ],
)
def test_a_model_that_is_not_there_is_refused_with_the_remedy(name, message):
    with pytest.raises(InputError, match=message):
        load(name)


def test_a_folder_may_be_given_as_the_weights(clip, tmp_path):
    assert load_model("transformers", weights=clip[0], device="cpu").abilities >= {"image_encoder"}
    with pytest.raises(InputError, match="`weights` must be left out, or be a folder"):
        load_model("transformers:a/b", weights=tmp_path / "w.pt")


def test_loading_draws_no_bars_and_leaves_them_as_they_were(clip, capsys):
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    load(clip[0])
    assert re.sub(r"\s", "", capsys.readouterr().err) == ""
    assert logging.is_progress_bar_enabled() == shown
