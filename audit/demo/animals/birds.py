"""Robin and bluebird (one shape, told apart by hue alone) and the owl."""

from __future__ import annotations

import numpy as np

from audit.demo.animals.pieces import BEAK, INK, WHITE, dark, eye, light
from audit.demo.drawing import Colour, Part, blob, ellipse, limb, ribbon

CREAM: Colour = (247.0, 238.0, 220.0)


def songbird_side(coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of a robin or bluebird seen from the side, looking right."""
    plump = build.uniform(0.92, 1.08)
    legs = Part(1.0)
    for x in (-0.06, 0.10):
        legs.add(limb((x, 0.26), 0.022, (x + 0.02, 0.03), 0.020), dark(BEAK, 0.35))
        legs.add(limb((x - 0.05, 0.025), 0.02, (x + 0.12, 0.025), 0.018), dark(BEAK, 0.35))
    tail = Part(3.0).add(
        blob([(-0.30, 0.42), (-0.62, 0.40), (-0.84, 0.43), (-0.80, 0.54), (-0.50, 0.60), (-0.28, 0.62)]),
        dark(coat, 0.3),
    )
    body = Part(9.0).add(
        blob(
            [
                (-0.50, 0.48),
                (-0.34, 0.72),
                (0.0, 0.86),
                (0.20, 1.02),
                (0.42, 1.02),
                (0.54, 0.86),
                (0.46, 0.56),
                (0.28, 0.30),
                (-0.02, 0.22 - 0.03 * plump),
                (-0.30, 0.30),
            ]
        ),
        coat,
    )
    body.pattern(
        blob([(0.46, 0.70), (0.30, 0.66), (0.10, 0.46), (-0.30, 0.34), (-0.1, 0.10), (0.3, 0.16), (0.6, 0.5)]),
        CREAM,
    )
    body.add(ellipse(0.32, 0.90, 0.23 * plump, 0.215 * plump), coat)
    wing = Part(4.0).add(
        blob([(0.14, 0.74), (0.20, 0.56), (0.06, 0.42), (-0.24, 0.38), (-0.56, 0.42), (-0.40, 0.58), (-0.16, 0.72)]),
        dark(coat, 0.14),
    )
    for shift in (0.0, 0.12, 0.24):
        path = [(0.02 - shift, 0.50), (-0.16 - shift, 0.43), (-0.28 - shift, 0.43)]
        wing.pattern(ribbon(path, 0.016, 0.008), dark(coat, 0.45))
    beak = Part(2.0).add(blob([(0.50, 0.95), (0.60, 0.92), (0.72, 0.87), (0.60, 0.85), (0.50, 0.84)]), BEAK)
    face = Part(2.0)
    eye(face, 0.38, 0.95, 0.05)
    return [legs, tail, beak, body, wing, face]


def songbird_front(coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of a robin or bluebird seen from the front."""
    plump = build.uniform(0.92, 1.08)
    legs = Part(1.0)
    for side in (-1.0, 1.0):
        legs.add(limb((side * 0.12, 0.26), 0.022, (side * 0.13, 0.03), 0.02), dark(BEAK, 0.35))
        legs.add(limb((side * 0.06, 0.025), 0.02, (side * 0.2, 0.025), 0.02), dark(BEAK, 0.35))
    tail = Part(2.0).add(limb((0.0, 0.3), 0.09, (0.0, 0.16), 0.08), dark(coat, 0.35))
    body = Part(9.0).add(
        blob(
            [
                (-0.40 * plump, 0.50),
                (-0.30, 0.80),
                (0.0, 0.9),
                (0.30, 0.80),
                (0.40 * plump, 0.50),
                (0.24, 0.26),
                (0.0, 0.20),
                (-0.24, 0.26),
            ]
        ),
        coat,
    )
    body.add(ellipse(0.0, 0.88, 0.27 * plump, 0.24 * plump), coat)
    body.pattern(ellipse(0.0, 0.36, 0.25, 0.28), CREAM)
    wings = Part(3.0)
    for side in (-1.0, 1.0):
        wings.add(ellipse(side * 0.36 * plump, 0.52, 0.09, 0.24, side * 8), dark(coat, 0.14))
    face = Part(2.0).add(blob([(-0.075, 0.87), (0.0, 0.91), (0.075, 0.87), (0.0, 0.77)]), BEAK)
    for side in (-1.0, 1.0):
        eye(face, side * 0.12, 0.95, 0.05)
    return [tail, legs, body, wings, face]


def owl(coat: Colour, build: np.random.Generator, turn: float) -> list[Part]:
    """Return the parts of an owl; `turn` 0 looks at the viewer, 1 to the right."""
    wide = build.uniform(0.94, 1.06)
    shift = 0.11 * turn
    feet = Part(1.5)
    for side in (-0.15, 0.15):
        for toe in (-0.05, 0.0, 0.05):
            feet.add(limb((side + shift * 0.5, 0.10), 0.03, (side + toe + shift, 0.03), 0.03), BEAK)
    body = Part(10.0).add(
        blob(
            [
                (-0.40 * wide, 0.48),
                (-0.36 * wide, 0.90),
                (-0.24, 1.14),
                (0.0, 1.18),
                (0.24, 1.14),
                (0.36 * wide, 0.90),
                (0.40 * wide, 0.48),
                (0.26, 0.12),
                (0.0, 0.06),
                (-0.26, 0.12),
            ]
        ),
        coat,
    )
    for side in (-1.0, 1.0):
        x = side * 0.26 + shift * 0.4
        body.add(blob([(x - side * 0.14, 1.10), (x + side * 0.05, 1.34), (x + side * 0.09, 1.02)]), dark(coat, 0.12))
    body.pattern(ellipse(shift, 0.44, 0.26, 0.36), light(coat, 0.55))
    for row, y in enumerate((0.66, 0.54, 0.42, 0.30)):
        for column in range(-2, 3):
            x = shift + (column + 0.5 * (row % 2)) * 0.12
            if abs(x - shift) < 0.22:
                body.pattern(ellipse(x, y, 0.030, 0.018), dark(coat, 0.25))
    wings = Part(4.0)
    for side in (-1.0, 1.0):
        width = 0.12 - 0.05 * side * turn
        wings.add(ellipse(side * 0.37 * wide, 0.50, width, 0.33, side * 9), dark(coat, 0.25))
    face = Part(4.0)
    for side in (-1.0, 1.0):
        face.add(ellipse(side * 0.155 + shift, 0.94, 0.175 - 0.02 * side * turn, 0.18), light(coat, 0.62))
    for side in (-1.0, 1.0):
        x = side * 0.145 + shift * 1.1
        face.mark(ellipse(x, 0.95, 0.105, 0.11), (246.0, 190.0, 60.0))
        face.mark(ellipse(x + 0.02 * turn, 0.95, 0.068, 0.072), INK)
        face.mark(ellipse(x - 0.025, 0.985, 0.024, 0.024), WHITE)
    beak = Part(2.0).add(blob([(shift * 1.3 - 0.05, 0.89), (shift * 1.3 + 0.05, 0.89), (shift * 1.5, 0.76)]), BEAK)
    return [feet, body, wings, face, beak]
