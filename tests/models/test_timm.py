import json

import pytest
import torch
from safetensors.torch import save_file

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import Classifier, ImageEncoder, LayerActivations

SMALL = "timm:test_vit.random?num_classes=7&size=160"


@pytest.fixture(scope="module")
def images():
    return torch.randint(0, 256, (2, 3, 160, 160), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Weights of a small ResNet with 5 classes, as a training script would leave them."""
    import timm

    torch.manual_seed(5)
    network = timm.create_model("test_resnet", num_classes=5).eval()
    folder = tmp_path_factory.mktemp("timm")
    save_file(network.state_dict(), folder / "w.safetensors")
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, folder / "w.pt")
    return network, folder


def load(spec, **settings):
    return load_model(spec, device="cpu", **settings)


def test_a_random_network_is_seeded_named_and_says_that_it_is_untrained():
    first, again = load("timm:test_vit.random"), load("timm:test_vit.random")
    other = load("timm:test_vit.random?seed=1")
    assert first.name == "timm:test_vit.random?seed=0"
    assert first.notes[0] == "Untrained network: random weights of seed 0."
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_loading_leaves_the_random_state_and_the_warnings_alone():
    import warnings

    state, filters = torch.random.get_rng_state(), warnings.filters[:]
    load("timm:test_vit.random")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert warnings.filters == filters


def test_a_vision_transformer_has_every_ability_of_the_family(images):
    model = load(SMALL)
    assert model.abilities == {"image_encoder", "classifier", "layer_activations"}
    assert isinstance(model, ImageEncoder)
    assert isinstance(model, Classifier)
    assert isinstance(model, LayerActivations)
    assert model.encode_image(images).shape == (2, 64)
    assert model.logits(images).shape == (2, 7)


def test_blocks_are_read_as_class_token_and_patches(images):
    model = load(SMALL)
    assert model.layers[:3] == ("blocks.0.cls", "blocks.0.patches", "blocks.1.cls")
    found = model.activations(images, ["blocks.1.patches", "blocks.1.cls"])
    with torch.inference_mode():
        tokens = model.module.forward_intermediates(
            model.preprocessing.normalise(images),
            indices=[1],
            return_prefix_tokens=True,
            intermediates_only=True,
        )[0]
    torch.testing.assert_close(found["blocks.1.patches"], tokens[0].mean((2, 3)))
    torch.testing.assert_close(found["blocks.1.cls"], tokens[1][:, 0])


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("test_resnet", ("act1", "layer1", "layer2", "layer3", "layer4")),
        ("test_efficientnet", tuple(f"blocks.{i}" for i in range(5))),
    ],
)
def test_the_stages_of_a_convolutional_network_are_its_layers(images, name, layers):
    model = load(f"timm:{name}.random")
    assert model.layers == layers
    found = model.activations(images, layers)
    assert all(value.ndim == 2 and value.isfinite().all() for value in found.values())


@pytest.mark.parametrize("name", ["test_convnext", "test_mambaout"])
def test_stages_are_averaged_over_space_whichever_side_the_channels_are(images, name):
    model = load(f"timm:{name}.random")
    widths = [info["num_chs"] for info in model.module.feature_info]
    assert [value.shape[1] for value in model.activations(images, model.layers).values()] == widths


def test_weights_from_a_file_give_that_networks_outputs(images, trained):
    network, folder = trained
    model = load("timm:test_resnet", weights=folder / "w.safetensors")
    x = model.preprocessing.normalise(images)
    with torch.inference_mode():
        torch.testing.assert_close(model.logits(images), network(x))
        features = network.forward_head(network.forward_features(x), pre_logits=True)
    torch.testing.assert_close(model.encode_image(images), features)
    assert model.name == "timm:test_resnet?weights=w.safetensors"


def test_the_number_of_classes_is_read_from_the_classifier_in_the_file(images, trained):
    assert load("timm:test_resnet", weights=trained[1] / "w.pt").logits(images).shape == (2, 5)


def test_equal_weights_have_one_fingerprint_whatever_the_file(trained):
    one = load("timm:test_resnet", weights=trained[1] / "w.safetensors")
    other = load("timm:test_resnet", weights=trained[1] / "w.pt")
    assert one.fingerprint == other.fingerprint


def test_other_preprocessing_or_number_format_is_another_fingerprint(trained):
    path = trained[1] / "w.pt"
    found = {
        load("timm:test_resnet", weights=path).fingerprint,
        load("timm:test_resnet?mean=0.4", weights=path).fingerprint,
        load("timm:test_resnet?crop=1", weights=path).fingerprint,
        load("timm:test_resnet", weights=path, dtype="bf16").fingerprint,
    }
    assert len(found) == 4


def test_weights_without_a_head_make_an_encoder_alone(images, trained, tmp_path):
    network, _ = trained
    body = {key: value for key, value in network.state_dict().items() if not key.startswith("fc.")}
    torch.save(body, tmp_path / "body.pt")
    model = load("timm:test_resnet", weights=tmp_path / "body.pt")
    assert "classifier" not in model.abilities
    assert model.encode_image(images).shape[0] == 2
    with pytest.raises(InputError, match="`model` must have class logits"):
        model.logits(images)


def test_settings_in_the_file_are_used_and_noted_unless_overruled(trained, tmp_path):
    save_file(trained[0].state_dict(), tmp_path / "w.safetensors", metadata={"mean": "0.25", "arch": "x"})
    noted = load("timm:test_resnet", weights=tmp_path / "w.safetensors")
    assert noted.preprocessing.mean == (0.25,) * 3
    assert "Set by the file's metadata: mean=0.25." in noted.notes
    assert load("timm:test_resnet?mean=0.1", weights=tmp_path / "w.safetensors").preprocessing.mean == (0.1,) * 3


def test_a_norm_in_the_file_is_the_mean_and_the_std(trained, tmp_path):
    file = tmp_path / "w.safetensors"
    save_file(trained[0].state_dict(), file, metadata={"norm": "(x-127.5)/127.5", "format": "pt"})
    model = load("timm:test_resnet", weights=file)
    assert (model.preprocessing.mean, model.preprocessing.std) == ((0.5,) * 3, (0.5,) * 3)
    assert model.notes[0] == "Set by the file's metadata: mean=0.5, std=0.5."
    assert not any("not read here" in note for note in model.notes)
    half = load("timm:test_resnet?std=0.25", weights=file).preprocessing
    assert (half.mean, half.std) == ((0.5,) * 3, (0.25,) * 3)


def test_what_a_file_says_and_nobody_reads_is_told(trained, tmp_path):
    file = tmp_path / "w.safetensors"
    save_file(trained[0].state_dict(), file, metadata={"norm": "folded", "channels": "bgr"})
    notes = load("timm:test_resnet", weights=file).notes
    assert notes[0].startswith("The file's metadata also says channels=bgr, norm=folded, which is not read here")


def test_a_file_of_another_network_is_refused_with_the_remedy(trained):
    with pytest.raises(InputError, match=r"`weights` must .*w.pt.*Check the architecture"):
        load("timm:test_vit", weights=trained[1] / "w.pt")
    with pytest.raises(InputError, match=r"'fc.weight' has shape \(5, 96\) in w.pt, the network expects \(9, 96\)"):
        load("timm:test_resnet?num_classes=9", weights=trained[1] / "w.pt")


def test_position_embeddings_of_another_size_are_converted_and_noted(tmp_path):
    import timm

    torch.save(timm.create_model("test_vit", num_classes=3).state_dict(), tmp_path / "w.pt")
    model = load("timm:test_vit?size=96", weights=tmp_path / "w.pt")
    assert model.preprocessing.size == (96, 96)
    assert "converted from its authors' layout by timm" in model.notes[0]
    assert model.logits(torch.zeros(1, 3, 96, 96, dtype=torch.uint8)).shape == (1, 3)


def test_a_folder_of_config_and_weights_is_loaded_with_its_labels(tmp_path, images):
    import timm

    network = timm.create_model("test_resnet", num_classes=2)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    config = {
        "architecture": "test_resnet",
        "num_classes": 2,
        "label_names": ["cat", "dog"],
        "pretrained_cfg": {"mean": [0.1, 0.2, 0.3], "std": [0.2, 0.2, 0.2], "input_size": [3, 96, 96], "crop_pct": 1.0},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    model = load(f"timm:{tmp_path}")
    assert model.class_names == ("cat", "dog")
    assert model.preprocessing.mean == (0.1, 0.2, 0.3)
    assert model.preprocessing.resize_to == (96, 96)


def test_the_options_shape_the_preprocessing():
    found = load("timm:test_resnet.random?size=96x64&crop=0.5&crop_mode=border&interpolation=bilinear&mean=1&std=0.5")
    assert found.preprocessing.size == (96, 64)
    assert found.preprocessing.resize_to == (192, 128)
    assert found.preprocessing.resize == "longest"
    assert found.preprocessing.interpolation == "bilinear"
    assert found.preprocessing.fill == (255, 255, 255)
    assert found.preprocessing.std == (0.5,) * 3


def test_class_names_come_from_a_file(tmp_path):
    (tmp_path / "names.txt").write_text("a\nb\nc\n")
    model = load(f"timm:test_resnet.random?num_classes=3&class_names={tmp_path / 'names.txt'}")
    assert model.class_names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("timm:resnt50", "timm architecture; got 'resnt50'. Did you mean resnet50"),
        ("timm:resnet50.a1", r"tag of resnet50 \(a1_in1k.*got 'a1'.*'random'"),
        ("timm:test_resnet?seed=1", "`seed` must be left out"),
        ("timm:test_resnet.random?pad_type=odd", "`pad_type` must be one of same"),
        ("timm:test_vit.random?pad_type=same", "must take the options given.*pad_type=same"),
        ("timm:test_resnet.random?num_classes=0&class_names=imagenet1k", "without a classifier"),
        ("timm:test_resnet.random?weights=x.pt", "must be left out for random weights"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(spec, message):
    with pytest.raises(InputError, match=message):
        load(spec)


def test_weights_out_of_reach_are_refused_with_the_remedy():
    with pytest.raises(InputError, match=r"'timm:test_vit.r160_in1k' is not: .*timm:test_vit\?weights=FILE"):
        load("timm:test_vit.r160_in1k")


def test_real_weights_classify_real_photographs(shared_data):
    import numpy as np
    import pandas as pd
    from PIL import Image

    from audit.models.classes import match_classes

    folder = shared_data / "imagenet_sample"
    table = pd.read_csv(folder / "samples.csv").iloc[::40]
    weights = shared_data / "weights" / "mobilenetv2_100_imagenet1001.safetensors"
    model = load("timm:mobilenetv2_100?mean=0.5&std=0.5&crop=1", weights=weights)
    pixels = [model.preprocessing.prepare(Image.open(folder / path).convert("RGB")) for path in table["filepath"]]
    found = model.logits(torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2))
    assert model.encode_image(torch.zeros(1, 3, 224, 224, dtype=torch.uint8)).shape == (1, 1280)
    columns = match_classes(model, tuple(table["wnid"])).columns
    # .897 over all 1,000 photographs; of 25 at least 18 with probability .99.
    assert (found.argmax(1).numpy() == np.array(columns)).sum() >= 18
