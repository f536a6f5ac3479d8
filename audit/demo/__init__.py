"""The bundled example: two drawn worlds with planted truths, and a small CLIP trained on them."""

from __future__ import annotations

from collections.abc import Mapping

from audit.demo.animals import SPECIES
from audit.demo.captions import MENAGERIE_PROMPT, TISSUE_PROMPT
from audit.demo.model import DemoModelParts, assets_folder, load_demo_model_parts
from audit.demo.tissue import CLASSES
from audit.demo.truth import TRUTHS, Truth, truths
from audit.demo.write import (
    DEMO_SEED,
    DEMO_SIZES,
    Split,
    World,
    render,
    world_table,
    write_demo,
    write_world,
)

__all__ = [
    "CLASS_NAMES",
    "DEMO_SEED",
    "DEMO_SIZES",
    "PROMPTS",
    "TRUTHS",
    "DemoModelParts",
    "Split",
    "Truth",
    "World",
    "assets_folder",
    "load_demo_model_parts",
    "render",
    "truths",
    "world_table",
    "write_demo",
    "write_world",
]

CLASS_NAMES: Mapping[World, tuple[str, ...]] = {"menagerie": SPECIES, "tissue": CLASSES}
"""Labels of each world, in the order of their zero-shot logits."""

PROMPTS: Mapping[World, str] = {"menagerie": MENAGERIE_PROMPT, "tissue": TISSUE_PROMPT}
"""Zero-shot prompt of each world; `{}` stands for the class name."""
