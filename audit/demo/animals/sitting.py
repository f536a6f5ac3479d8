"""Rabbit and cat: one body and the same coats, told apart by shape alone (ears and tail)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from audit.demo.animals.pieces import INK, PINK, closed_smile, dark, eye, light
from audit.demo.drawing import Colour, Part, blob, ellipse, limb, ribbon

Sitting = Literal["rabbit", "cat"]


def sitting_side(kind: Sitting, coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of the animal sitting, seen from the side, looking right."""
    plump = build.uniform(0.93, 1.07)
    head = (0.30, 0.82)
    tail = Part(4.0)
    if kind == "rabbit":
        tail.add(ellipse(-0.48 * plump, 0.20, 0.13, 0.12), light(coat, 0.55))
    else:
        path = [(-0.34, 0.10), (-0.66, 0.12), (-0.72, 0.40), (-0.58, 0.58)]
        tail.add(ribbon(path, 0.07, 0.055), dark(coat, 0.12))
        tail.add(ellipse(-0.58, 0.58, 0.057, 0.057), dark(coat, 0.12))
    body = Part(9.0).add(
        blob(
            [
                (-0.44 * plump, 0.30),
                (-0.36, 0.52),
                (-0.10, 0.68),
                (0.16, 0.80),
                (0.38, 0.68),
                (0.34, 0.34),
                (0.26, 0.06),
                (-0.10, 0.04),
                (-0.40, 0.08),
            ]
        ),
        coat,
    )
    body.pattern(ellipse(0.34, 0.42, 0.12, 0.26, -8), light(coat, 0.5))
    front = Part(3.0).add(limb((0.20, 0.40), 0.095, (0.25, 0.09), 0.07), coat)
    front.add(ellipse(0.30, 0.06, 0.11, 0.058), light(coat, 0.3))
    haunch = Part(7.0).add(ellipse(-0.20, 0.27, 0.25 * plump, 0.235), coat)
    haunch.add(ellipse(-0.06, 0.065, 0.21, 0.062), light(coat, 0.2))
    return [
        tail,
        *_ears_side(kind, coat, head, far=True),
        body,
        haunch,
        front,
        *_ears_side(kind, coat, head, far=False),
        _head_side(coat, head),
    ]


def _ears_side(kind: Sitting, coat: Colour, head: tuple[float, float], *, far: bool) -> list[Part]:
    x, y = head[0] + (0.12 if far else -0.07), head[1] + 0.16
    colour = dark(coat, 0.25) if far else coat
    ear = Part(3.0)
    if kind == "rabbit":
        ear.add(ellipse(x - 0.06, y + 0.24, 0.075, 0.27, 12), colour)
        ear.pattern(ellipse(x - 0.045, y + 0.23, 0.038, 0.20, 12), PINK)
    else:
        ear.add(blob([(x - 0.12, y - 0.06), (x - 0.05, y + 0.20), (x + 0.10, y + 0.02)], 4), colour)
        ear.pattern(blob([(x - 0.06, y), (x - 0.03, y + 0.13), (x + 0.05, y + 0.03)], 4), PINK)
    return [ear]


def _head_side(coat: Colour, at: tuple[float, float]) -> Part:
    x, y = at
    head = Part(6.0).add(ellipse(x, y, 0.26, 0.225), coat)
    head.add(ellipse(x + 0.20, y - 0.06, 0.12, 0.105), light(coat, 0.35))
    head.mark(ellipse(x + 0.29, y - 0.015, 0.036, 0.026), PINK)
    head.mark(ellipse(x + 0.245, y - 0.095, 0.05, 0.011, 15), INK)
    eye(head, x + 0.09, y + 0.055, 0.046)
    return head


def sitting_front(kind: Sitting, coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of the animal sitting, seen from the front."""
    plump = build.uniform(0.93, 1.07)
    y = 0.80
    tail = Part(4.0)
    if kind == "rabbit":
        tail.add(ellipse(-0.32 * plump, 0.16, 0.12, 0.11), light(coat, 0.55))
    else:
        path = [(-0.20, 0.10), (-0.50, 0.10), (-0.56, 0.36), (-0.44, 0.52)]
        tail.add(ribbon(path, 0.07, 0.055), dark(coat, 0.12))
        tail.add(ellipse(-0.44, 0.52, 0.057, 0.057), dark(coat, 0.12))
    body = Part(9.0).add(
        blob(
            [
                (-0.34 * plump, 0.26),
                (-0.24, 0.60),
                (0.0, 0.72),
                (0.24, 0.60),
                (0.34 * plump, 0.26),
                (0.24, 0.05),
                (0.0, 0.03),
                (-0.24, 0.05),
            ]
        ),
        coat,
    )
    body.pattern(ellipse(0.0, 0.42, 0.15, 0.24), light(coat, 0.5))
    feet = Part(3.0)
    for side in (-1.0, 1.0):
        feet.add(ellipse(side * 0.25, 0.07, 0.12, 0.065), light(coat, 0.2))
        feet.add(limb((side * 0.09, 0.36), 0.08, (side * 0.09, 0.08), 0.07), coat)
        feet.add(ellipse(side * 0.09, 0.055, 0.085, 0.055), light(coat, 0.3))
    ears = Part(3.0)
    for side in (-1.0, 1.0):
        if kind == "rabbit":
            ears.add(ellipse(side * 0.12, y + 0.40, 0.078, 0.27, -side * 8), coat)
            ears.pattern(ellipse(side * 0.12, y + 0.39, 0.04, 0.20, -side * 8), PINK)
        else:
            ears.add(blob([(side * 0.27, y + 0.04), (side * 0.21, y + 0.34), (side * 0.05, y + 0.18)], 4), coat)
            ears.pattern(blob([(side * 0.22, y + 0.12), (side * 0.19, y + 0.26), (side * 0.11, y + 0.18)], 4), PINK)
    head = Part(6.0).add(ellipse(0.0, y, 0.29, 0.235), coat)
    for side in (-1.0, 1.0):
        head.pattern(ellipse(side * 0.06, y - 0.10, 0.10, 0.075), light(coat, 0.45))
        eye(head, side * 0.125, y + 0.04, 0.048)
    head.mark(ellipse(0.0, y - 0.055, 0.036, 0.026), PINK)
    closed_smile(head, 0.0, y - 0.11, 0.06)
    return [tail, ears, body, feet, head]
