"""Elephant and turtle."""

from __future__ import annotations

import numpy as np

from audit.demo.animals.pieces import HORN, INK, PINK, dark, eye, light
from audit.demo.drawing import Colour, Part, blob, ellipse, limb, ribbon


def elephant_side(coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of an elephant seen from the side, looking right."""
    plump = build.uniform(0.94, 1.06)
    far_legs = Part(4.0)
    for x in (-0.30, 0.26):
        far_legs.add(limb((x, 0.46), 0.16, (x + 0.02, 0.10), 0.115), dark(coat, 0.35))
    tail = (
        Part(1.5)
        .add(ribbon([(-0.60, 0.74), (-0.72, 0.56), (-0.70, 0.36)], 0.03, 0.02), dark(coat, 0.2))
        .add(ellipse(-0.70, 0.32, 0.04, 0.07), dark(coat, 0.6))
    )
    body = Part(10.0).add(
        blob(
            [
                (-0.64 * plump, 0.60),
                (-0.48, 0.95),
                (-0.10, 1.06),
                (0.28, 1.02),
                (0.50, 0.80),
                (0.44, 0.42),
                (0.0, 0.30),
                (-0.50, 0.34),
            ]
        ),
        coat,
    )
    for x in (-0.44, 0.30):
        body.add(limb((x, 0.46), 0.18, (x, 0.10), 0.13), coat)
        for toe in (-0.08, 0.0, 0.08):
            body.mark(ellipse(x + toe, 0.035, 0.034, 0.03), light(coat, 0.6))
    trunk = Part(4.0).add(
        ribbon([(0.74, 0.84), (0.88, 0.62), (0.86, 0.36), (0.98, 0.22), (1.06, 0.32)], 0.15, 0.055),
        coat,
    )
    for y in (0.66, 0.57, 0.48):
        trunk.pattern(ribbon([(0.78, y), (0.87, y - 0.025), (0.98, y)], 0.009, 0.009), dark(coat, 0.3))
    tusk = Part(1.5).add(ribbon([(0.72, 0.68), (0.80, 0.55), (0.92, 0.53)], 0.035, 0.012), HORN)
    head = Part(8.0).add(ellipse(0.58, 0.94, 0.28, 0.27), coat)
    eye(head, 0.73, 0.98, 0.036)
    ear = Part(5.0).add(
        blob([(0.52, 1.14), (0.34, 1.20), (0.16, 1.02), (0.20, 0.74), (0.36, 0.60), (0.48, 0.78)]),
        dark(coat, 0.10),
    )
    ear.pattern(
        blob([(0.46, 1.06), (0.34, 1.10), (0.24, 0.98), (0.26, 0.80), (0.36, 0.70), (0.43, 0.82)]),
        light(PINK, 0.1) if sum(coat) > 600 else light(coat, 0.2),
    )
    return [far_legs, tail, body, head, trunk, tusk, ear]


def elephant_front(coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of an elephant seen from the front."""
    plump = build.uniform(0.94, 1.06)
    body = Part(10.0).add(ellipse(0.0, 0.62, 0.44 * plump, 0.38), dark(coat, 0.08))
    for x in (-0.24, 0.24):
        body.add(limb((x, 0.46), 0.17, (x, 0.10), 0.135), coat)
        for toe in (-0.08, 0.0, 0.08):
            body.mark(ellipse(x + toe, 0.035, 0.034, 0.03), light(coat, 0.6))
    ears = Part(5.0)
    for side in (-1.0, 1.0):
        ears.add(
            blob(
                [
                    (side * 0.20, 1.14),
                    (side * 0.48, 1.22),
                    (side * 0.64, 1.00),
                    (side * 0.52, 0.72),
                    (side * 0.24, 0.74),
                ]
            ),
            dark(coat, 0.10),
        )
        ears.pattern(
            blob(
                [
                    (side * 0.26, 1.06),
                    (side * 0.46, 1.12),
                    (side * 0.55, 0.98),
                    (side * 0.46, 0.80),
                    (side * 0.28, 0.82),
                ]
            ),
            light(coat, 0.2),
        )
    head = Part(8.0).add(ellipse(0.0, 0.98, 0.30, 0.30), coat)
    for side in (-1.0, 1.0):
        eye(head, side * 0.16, 1.0, 0.036)
    tusks = Part(1.5)
    for side in (-1.0, 1.0):
        tusks.add(ribbon([(side * 0.13, 0.78), (side * 0.19, 0.62), (side * 0.16, 0.52)], 0.036, 0.012), HORN)
    trunk = Part(4.0).add(
        ribbon([(0.0, 0.94), (0.0, 0.66), (0.02, 0.40), (0.12, 0.26), (0.22, 0.30)], 0.13, 0.055),
        coat,
    )
    for y in (0.70, 0.60, 0.50):
        trunk.pattern(ribbon([(-0.1, y), (0.0, y - 0.02), (0.1, y)], 0.009, 0.009), dark(coat, 0.3))
    return [body, ears, head, tusks, trunk]


def _shell_pattern(shell: Part, coat: Colour, y: float, wide: float) -> None:
    plate = light(coat, 0.28)
    for x, height, size in (
        (-0.36, 0.16, 0.10),
        (-0.16, 0.30, 0.12),
        (0.12, 0.30, 0.12),
        (0.34, 0.16, 0.10),
        (-0.02, 0.10, 0.12),
    ):
        corners = [
            (x * wide + size * np.cos(a), y + height + size * 0.85 * np.sin(a))
            for a in np.linspace(0, 2 * np.pi, 6, endpoint=False)
        ]
        shell.pattern(np.asarray(corners), plate)


def turtle_side(coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of a turtle seen from the side, looking right."""
    high = build.uniform(0.92, 1.08)
    skin = light(coat, 0.4)
    far_legs = Part(3.0)
    for x in (-0.30, 0.32):
        far_legs.add(limb((x, 0.24), 0.10, (x + 0.04, 0.08), 0.08), dark(skin, 0.35))
    tail = Part(2.0).add(limb((-0.50, 0.20), 0.06, (-0.72, 0.12), 0.02), skin)
    neck = Part(4.0).add(ribbon([(0.40, 0.26), (0.62, 0.34), (0.74, 0.50)], 0.12, 0.09), skin)
    legs = Part(4.0)
    for x in (-0.42, 0.40):
        legs.add(limb((x, 0.24), 0.12, (x + 0.03, 0.07), 0.095), skin)
    shell = Part(9.0).add(
        blob(
            [
                (-0.62, 0.22),
                (-0.52, 0.46 * high),
                (-0.24, 0.68 * high),
                (0.06, 0.71 * high),
                (0.36, 0.58 * high),
                (0.56, 0.34),
                (0.60, 0.20),
                (0.0, 0.16),
            ]
        ),
        dark(coat, 0.18),
    )
    _shell_pattern(shell, coat, 0.20, 1.0)
    shell.pattern(limb((-0.62, 0.20), 0.055, (0.62, 0.20), 0.055), dark(coat, 0.4))
    head = Part(5.0).add(ellipse(0.80, 0.58, 0.175, 0.145), skin)
    head.mark(ellipse(0.90, 0.525, 0.055, 0.010, 15), dark(skin, 0.6))
    eye(head, 0.85, 0.63, 0.038)
    return [far_legs, tail, neck, legs, shell, head]


def turtle_front(coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of a turtle seen from the front."""
    high = build.uniform(0.92, 1.08)
    skin = light(coat, 0.4)
    shell = Part(9.0).add(
        blob([(-0.56, 0.22), (-0.44, 0.50 * high), (0.0, 0.74 * high), (0.44, 0.50 * high), (0.56, 0.22), (0.0, 0.14)]),
        dark(coat, 0.18),
    )
    _shell_pattern(shell, coat, 0.24, 0.9)
    shell.pattern(limb((-0.58, 0.20), 0.055, (0.58, 0.20), 0.055), dark(coat, 0.4))
    legs = Part(4.0)
    for side in (-1.0, 1.0):
        legs.add(limb((side * 0.36, 0.20), 0.12, (side * 0.44, 0.07), 0.10), skin)
    head = Part(5.0).add(ellipse(0.0, 0.36, 0.20, 0.18), skin)
    for side in (-1.0, 1.0):
        eye(head, side * 0.10, 0.41, 0.040)
    head.mark(ellipse(0.0, 0.27, 0.075, 0.010), INK)
    return [shell, legs, head]
