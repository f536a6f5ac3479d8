"""Published accuracies of known models, to see one's own among them.

CounterAnimal (Wang et al., NeurIPS 2024, arXiv 2403.11497), 1 against 1000 names, in percent; as reported in a
reproduction of the paper's table (second-hand). ImageNet-9 (Xiao et al., arXiv 2006.09994): the authors' README.
"""

from __future__ import annotations

from collections.abc import Mapping

CLIP_MODELS: Mapping[str, tuple[float, float]] = {
    "CLIP B/16 laion400m": (73.11, 52.17),
    "CLIP B/16 laion2b": (73.18, 53.18),
    "CLIP B/16 datacomp_xl": (80.36, 64.24),
    "CLIP B/16 openai": (73.08, 56.56),
    "CLIP B/32 laion400m": (67.13, 36.95),
    "CLIP B/32 laion2b": (72.94, 48.74),
    "CLIP B/32 datacomp_xl": (75.96, 53.74),
    "CLIP B/32 openai": (69.13, 45.62),
    "CLIP L/14 laion400m": (80.90, 63.31),
    "CLIP L/14 laion2b": (82.23, 66.27),
    "CLIP L/14 openai": (85.38, 70.28),
    "CLIP H/14": (85.74, 73.13),
    "CLIP g/14": (86.81, 73.32),
    "CLIP bigG/14": (87.57, 76.96),
    "CLIP convnext_base_w": (61.03, 39.91),
}
"""(common, counter) of CLIP models. B/32 laion400m was probably run without QuickGELU (with it about 70.1 / 41.3);
convnext_base_w could not be reproduced."""

IMAGENET_MODELS: Mapping[str, tuple[float, float]] = {
    "AlexNet": (59.56, 39.24),
    "VGG11": (73.37, 56.12),
    "VGG13": (75.33, 58.43),
    "VGG19": (77.84, 61.74),
    "ResNet18": (74.36, 56.07),
    "ResNet34": (78.31, 61.01),
    "ResNet50": (81.44, 66.07),
    "ResNet101": (81.76, 68.18),
    "ViT-B/16": (84.97, 74.98),
    "ViT-B/32": (79.84, 64.36),
    "ViT-L/16": (83.74, 72.69),
    "ViT-L/32": (81.23, 67.54),
    "ConvNeXt-S": (88.27, 79.97),
    "ConvNeXt-B": (88.60, 80.53),
    "ConvNeXt-L": (89.12, 81.47),
}
"""(common, counter) of models trained on ImageNet: the reference of effective robustness."""

IMAGENET_9: Mapping[str, tuple[float, float, float, float]] = {
    "VGG16-BN": (94.3, 83.6, 73.4, 10.2),
    "ResNet50": (95.6, 86.2, 78.9, 7.3),
    "ResNet152": (96.7, 89.3, 83.5, 5.8),
}
"""(original, mixed-same, mixed-rand, gap)."""


def published_drops() -> dict[str, float]:
    """Return the drop (common - counter, as a share) of every published model."""
    return {name: (common - counter) / 100 for name, (common, counter) in {**CLIP_MODELS, **IMAGENET_MODELS}.items()}


def published_gaps() -> dict[str, float]:
    """Return BG-Gap (as a share) of every published model on ImageNet-9."""
    return {name: gap / 100 for name, (_, _, _, gap) in IMAGENET_9.items()}
