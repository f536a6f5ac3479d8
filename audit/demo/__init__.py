"""The bundled example: two drawn worlds with planted truths, and a small CLIP trained on them."""

from __future__ import annotations

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
    "DEMO_SEED",
    "DEMO_SIZES",
    "Split",
    "World",
    "render",
    "world_table",
    "write_demo",
    "write_world",
]
