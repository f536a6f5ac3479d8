"""Published accuracies, against the figures as the papers' tables and the authors' README give them."""

import numpy as np
import pytest
from scipy import special, stats

from audit.backgrounds.published import CLIP_MODELS, IMAGENET_9, IMAGENET_MODELS, published_drops, published_gaps

CLIP = """
B/16 laion400m 73.11/52.17, B/16 laion2b 73.18/53.18, B/16 datacomp_xl 80.36/64.24, B/16 openai 73.08/56.56,
B/32 laion400m 67.13/36.95, B/32 laion2b 72.94/48.74, B/32 datacomp_xl 75.96/53.74, B/32 openai 69.13/45.62,
L/14 laion400m 80.90/63.31, L/14 laion2b 82.23/66.27, L/14 openai 85.38/70.28, H/14 85.74/73.13, g/14 86.81/73.32,
bigG/14 87.57/76.96, convnext_base_w 61.03/39.91
"""
IMAGENET = """
AlexNet 59.56/39.24, VGG11 73.37/56.12, VGG13 75.33/58.43, VGG19 77.84/61.74, ResNet18 74.36/56.07,
ResNet34 78.31/61.01, ResNet50 81.44/66.07, ResNet101 81.76/68.18, ViT-B/16 84.97/74.98, ViT-B/32 79.84/64.36,
ViT-L/16 83.74/72.69, ViT-L/32 81.23/67.54, ConvNeXt-S 88.27/79.97, ConvNeXt-B 88.60/80.53, ConvNeXt-L 89.12/81.47
"""
NINE = {
    "VGG16-BN": (94.3, 83.6, 73.4, 10.2),
    "ResNet50": (95.6, 86.2, 78.9, 7.3),
    "ResNet152": (96.7, 89.3, 83.5, 5.8),
}


def _listed(text):
    parts = [entry.strip().rpartition(" ") for entry in text.split(",")]
    return {name: tuple(float(share) for share in pair.split("/")) for name, _, pair in parts}


def test_the_accuracies_on_counter_animal_are_the_papers():
    assert dict(CLIP_MODELS) == {f"CLIP {name}": pair for name, pair in _listed(CLIP).items()}
    assert dict(IMAGENET_MODELS) == _listed(IMAGENET)


def test_the_accuracies_on_imagenet_nine_are_the_authors():
    assert dict(IMAGENET_9) == NINE


def test_the_imagenet_models_lie_on_the_known_line():
    common, counter = special.logit(np.asarray(list(IMAGENET_MODELS.values())).T / 100)
    line = stats.linregress(common, counter)
    assert (line.slope, line.intercept, line.rvalue**2) == pytest.approx((1.145, -0.945, 0.993), abs=6e-4)


def test_every_published_model_is_less_accurate_on_counter_backgrounds():
    drops = published_drops()
    assert len(drops) == 30
    assert min(drops.values()) > 0
    assert max(drops, key=drops.get) == "CLIP B/32 laion400m"


@pytest.mark.parametrize(
    ("model", "drop"), [("CLIP B/32 openai", 0.2351), ("ResNet50", 0.1537), ("ConvNeXt-L", 0.0765)]
)
def test_drops_are_shares(model, drop):
    assert published_drops()[model] == pytest.approx(drop)


def test_gaps_are_shares_and_the_differences_of_both_mixed_accuracies():
    gaps = published_gaps()
    assert gaps == pytest.approx({"VGG16-BN": 0.102, "ResNet50": 0.073, "ResNet152": 0.058})
    for model, (_, same, random, _) in IMAGENET_9.items():
        assert gaps[model] == pytest.approx((same - random) / 100)
