"""The ten drawn animals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audit.demo.animals.birds import owl, songbird_front, songbird_side
from audit.demo.animals.hoofed import hoofed_front, hoofed_side
from audit.demo.animals.large_and_slow import (
    elephant_front,
    elephant_side,
    turtle_front,
    turtle_side,
)
from audit.demo.animals.sitting import sitting_front, sitting_side
from audit.demo.drawing import Colour, Part

__all__ = ["SPECIES", "figure"]

Draw = Callable[[Colour, np.random.Generator], list[Part]]

_SIDE: dict[str, Draw] = {
    "cow": lambda coat, build: hoofed_side("cow", coat, build),
    "camel": lambda coat, build: hoofed_side("camel", coat, build),
    "reindeer": lambda coat, build: hoofed_side("reindeer", coat, build),
    "robin": songbird_side,
    "bluebird": songbird_side,
    "rabbit": lambda coat, build: sitting_side("rabbit", coat, build),
    "cat": lambda coat, build: sitting_side("cat", coat, build),
    "owl": lambda coat, build: owl(coat, build, 1.0),
    "elephant": elephant_side,
    "turtle": turtle_side,
}

_FRONT: dict[str, Draw] = {
    "cow": lambda coat, build: hoofed_front("cow", coat, build),
    "camel": lambda coat, build: hoofed_front("camel", coat, build),
    "reindeer": lambda coat, build: hoofed_front("reindeer", coat, build),
    "robin": songbird_front,
    "bluebird": songbird_front,
    "rabbit": lambda coat, build: sitting_front("rabbit", coat, build),
    "cat": lambda coat, build: sitting_front("cat", coat, build),
    "owl": lambda coat, build: owl(coat, build, 0.0),
    "elephant": elephant_front,
    "turtle": turtle_front,
}

SPECIES: tuple[str, ...] = tuple(_SIDE)


def figure(species: str, coat: Colour, build: np.random.Generator, *, front: bool) -> list[Part]:
    """Return the animal's parts, back to front.

    Parameters
    ----------
    species
        One of `SPECIES`.
    coat
        Main colour, 0-255.
    build
        Draws the proportions of the individual: equal generators give equal individuals.
    front
        Seen from the front; else from the side, looking right.
    """
    return (_FRONT if front else _SIDE)[species](coat, build)
