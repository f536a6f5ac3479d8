import pytest
import torch
from safetensors.torch import save_file

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import Classifier, ImageEncoder


@pytest.fixture(scope="module")
def images():
    return torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def load(spec, **settings):
    return load_model(spec, device="cpu", **settings)


@pytest.mark.parametrize(
    ("name", "width", "layers"),
    [
        ("squeezenet1_1", 512, "features.0 features.3 features.4 features.6"),
        ("shufflenet_v2_x0_5", 1024, "conv1 stage2 stage3 stage4 conv5"),
        ("mnasnet0_5", 1280, "layers.0 layers.1 layers.3"),
        ("resnet18", 512, "conv1 bn1 layer1 layer2 layer3 layer4"),
    ],
)
def test_a_classifier_encodes_classifies_and_shows_its_stages(images, name, width, layers):
    model = load(f"torchvision:{name}.random?size=64")
    assert isinstance(model, ImageEncoder)
    assert isinstance(model, Classifier)
    assert model.encode_image(images).shape == (2, width)
    assert model.logits(images).shape == (2, 1000)
    assert " ".join(model.layers).startswith(layers)
    assert model.activations(images, model.layers).keys() == set(model.layers)


def test_the_features_are_those_before_the_last_layer(images):
    model = load("torchvision:resnet18.random?num_classes=3&size=64")
    features = model.encode_image(images)
    with torch.inference_mode():
        torch.testing.assert_close(model.module.fc(features), model.logits(images))


def test_weights_from_a_file_give_that_networks_logits_and_classes(images, tmp_path):
    import torchvision

    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(num_classes=5).eval()
    torch.save(network.state_dict(), tmp_path / "w.pt")
    model = load("torchvision:squeezenet1_1?size=64", weights=tmp_path / "w.pt")
    with torch.inference_mode():
        torch.testing.assert_close(model.logits(images), network(model.preprocessing.normalise(images)))
    assert model.class_names == ()


def test_what_a_safetensors_file_says_is_used_and_what_is_not_read_is_told(tmp_path):
    import torchvision

    network = torchvision.models.squeezenet1_1(num_classes=5)
    said = {"num_classes": "5", "norm": "(x-127.5)/127.5", "crop": "227"}
    save_file(network.state_dict(), tmp_path / "w.safetensors", metadata=said)
    model = load("torchvision:squeezenet1_1", weights=tmp_path / "w.safetensors")
    assert (model.preprocessing.mean, model.preprocessing.std) == ((0.5,) * 3, (0.5,) * 3)
    assert model.notes[0] == "Set by the file's metadata: mean=0.5, num_classes=5, std=0.5."
    assert model.notes[1].startswith("The file's metadata also says crop=227, which is not read here")


def test_the_preprocessing_is_that_of_the_published_weights():
    found = load("torchvision:shufflenet_v2_x0_5.random").preprocessing
    assert (found.size, found.resize_to, found.interpolation) == ((224, 224), (256, 256), "bilinear")
    found = load("torchvision:shufflenet_v2_x0_5.random?crop=1&size=96&mean=0.5").preprocessing
    assert (found.size, found.resize_to, found.mean) == ((96, 96), (96, 96), (0.5, 0.5, 0.5))


def test_a_file_of_another_network_is_refused(tmp_path):
    import torchvision

    torch.save(torchvision.models.shufflenet_v2_x0_5().state_dict(), tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"`weights` must .*w.pt.*Check the architecture and num_classes"):
        load("torchvision:squeezenet1_1", weights=tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("torchvision:resnt18", "torchvision classifier; got 'resnt18'. Did you mean resnet18"),
        ("torchvision:fcn_resnet50", "torchvision classifier"),
        ("torchvision:resnet18.V9", r"weights of resnet18 \(IMAGENET1K_V1, DEFAULT, random\); got 'V9'"),
        ("torchvision:resnet18?seed=1", "`seed` must be left out"),
        ("torchvision:resnet18?num_classes=3", "`num_classes` must be left out with published weights"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(spec, message):
    with pytest.raises(InputError, match=message):
        load(spec)


def test_weights_out_of_reach_are_refused_with_the_remedy(monkeypatch):
    import torchvision

    def unreachable(*_, **__):
        raise OSError("no route to the host")

    monkeypatch.setattr(torchvision.models, "get_model", unreachable)
    with pytest.raises(InputError, match=r"resnet18.IMAGENET1K_V1' is not: no route to the host. .*\?weights=FILE"):
        load("torchvision:resnet18")


def test_real_weights_classify_real_photographs(shared_data):
    import numpy as np
    import pandas as pd
    from PIL import Image

    from audit.models.classes import match_classes

    folder = shared_data / "imagenet_sample"
    table = pd.read_csv(folder / "samples.csv").iloc[::40]
    weights = shared_data / "weights" / "squeezenet1_0_imagenet1000.safetensors"
    model = load("torchvision:squeezenet1_0?crop=1", weights=weights)
    pixels = [model.preprocessing.prepare(Image.open(folder / path).convert("RGB")) for path in table["filepath"]]
    found = model.logits(torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2))
    columns = match_classes(model, tuple(table["wnid"])).columns
    # .619 over all 1,000 photographs; of 25 at least 10 with probability .99.
    assert (found.argmax(1).numpy() == np.array(columns)).sum() >= 10
