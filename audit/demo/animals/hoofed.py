"""Cow, camel and reindeer: one build of body, legs and head; horns, hump or antlers differ.

They look alike on purpose: these are the species with a planted background, and a model that
has seen them on one background only has little reason to look for the small differences.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from audit.demo.animals.pieces import HORN, INK, PINK, WHITE, dark, eye, light
from audit.demo.drawing import Colour, Part, blob, ellipse, limb, mix, ribbon

Hoofed = Literal["cow", "camel", "reindeer"]


def hoofed_side(kind: Hoofed, coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of the animal seen from the side, looking right."""
    leg = 0.44 + build.uniform(-0.04, 0.04)
    girth = 0.27 + build.uniform(-0.03, 0.03)
    lift = {"cow": 0.20, "camel": 0.36, "reindeer": 0.30}[kind] + build.uniform(-0.03, 0.03)
    middle = leg + girth * 0.75
    head = (0.76, middle + lift + 0.08)
    far, hoof = dark(coat, 0.35), mix(dark(coat, 0.7), INK, 0.3)
    far_legs = Part(3.0)
    for x in (-0.36, 0.34):
        far_legs.add(limb((x, middle - 0.05), 0.11, (x + 0.04, 0.08), 0.055), far)
        far_legs.add(limb((x + 0.04, 0.09), 0.055, (x + 0.05, 0.05), 0.05), hoof)
    tail = _tail(kind, coat, middle, girth)
    body = Part(8.0)
    body.add(
        blob(
            [
                (-0.62, middle + 0.05),
                (-0.50, middle + girth * 0.92),
                (-0.1, middle + girth * 0.95),
                (0.30, middle + girth * 0.92),
                (0.55, middle + 0.10),
                (0.46, middle - girth * 0.75),
                (0.0, middle - girth * 1.0),
                (-0.46, middle - girth * 0.82),
            ]
        ),
        coat,
    )
    for x in (-0.47, 0.40):
        body.add(limb((x, middle - 0.05), 0.14, (x + 0.01, 0.10), 0.062), coat)
        body.add(limb((x + 0.01, 0.10), 0.062, (x + 0.02, 0.05), 0.06), hoof)
    body.pattern(ellipse(-0.02, middle - girth * 1.02, 0.42, girth * 0.34), light(coat, 0.35))
    if kind == "camel":
        body.add(ellipse(-0.10, middle + girth * 0.95, 0.25, 0.22), coat)
    if kind == "cow":
        body.add(ellipse(-0.22, middle - girth * 1.02, 0.13, 0.09), PINK)
        _blotches(body, coat, middle, girth, build)
    neck = Part(5.0)
    neck.add(ribbon([(0.36, middle + 0.02), (0.55, middle + 0.10 + lift * 0.3), head], 0.19, 0.10), coat)
    if kind == "reindeer":
        neck.pattern(ellipse(0.60, middle + 0.02, 0.13, 0.2, -15), light(coat, 0.75))
    parts = [far_legs, tail, body, neck]
    if kind == "reindeer":
        parts.append(_antler(head[0] - 0.04, head[1] + 0.10, 1.0, dark(HORN, 0.4)))
    return [*parts, *_head_side(kind, coat, head)]


def _tail(kind: Hoofed, coat: Colour, middle: float, girth: float) -> Part:
    tail = Part(2.5)
    top = (-0.55, middle + girth * 0.6)
    if kind == "reindeer":
        return tail.add(ellipse(-0.62, middle + girth * 0.5, 0.09, 0.07, -35), WHITE)
    end = (-0.70, middle - 0.20)
    tail.add(ribbon([top, (-0.68, middle + 0.10), end], 0.04, 0.025), dark(coat, 0.15))
    return tail.add(ellipse(end[0], end[1] - 0.05, 0.05, 0.09, -8), dark(coat, 0.5))


def _blotches(body: Part, coat: Colour, middle: float, girth: float, build: np.random.Generator) -> None:
    colour = mix(dark(coat, 0.75), INK, 0.3) if sum(coat) > 500 else light(coat, 0.85)
    for x in (-0.42, -0.05, 0.30):
        width, height = build.uniform(0.10, 0.18), build.uniform(0.08, 0.15)
        y = middle + build.uniform(-0.3, 0.8) * girth
        wobble = build.uniform(0.7, 1.25, size=7)
        corners = [
            (x + width * wobble[i] * np.cos(a), y + height * wobble[i] * np.sin(a))
            for i, a in enumerate(np.linspace(0, 2 * np.pi, 7, endpoint=False))
        ]
        body.pattern(blob(corners), colour)


def _antler(x: float, y: float, side: float, colour: Colour) -> Part:
    antler = Part(1.5)
    antler.add(
        ribbon([(x, y), (x - 0.14 * side, y + 0.16), (x - 0.04 * side, y + 0.36)], 0.03, 0.016),
        colour,
    )
    for start, end in (((-0.10, 0.10), (0.06, 0.20)), ((-0.14, 0.18), (-0.26, 0.26)), ((-0.10, 0.27), (0.05, 0.33))):
        antler.add(
            limb((x + start[0] * side, y + start[1]), 0.024, (x + end[0] * side, y + end[1]), 0.014),
            colour,
        )
    return antler


def _head_side(kind: Hoofed, coat: Colour, at: tuple[float, float]) -> list[Part]:
    x, y = at
    muzzle = PINK if kind == "cow" else light(coat, 0.5)
    back_ear = Part(2.0).add(ellipse(x - 0.12, y + 0.13, 0.10, 0.05, 140), dark(coat, 0.2))
    head = Part(4.0)
    head.add(
        blob(
            [
                (x - 0.14, y + 0.05),
                (x - 0.04, y + 0.15),
                (x + 0.10, y + 0.10),
                (x + 0.25, y - 0.02),
                (x + 0.27, y - 0.12),
                (x + 0.15, y - 0.15),
                (x - 0.04, y - 0.11),
            ]
        ),
        coat,
    )
    head.pattern(ellipse(x + 0.23, y - 0.08, 0.10, 0.11, -20), muzzle)
    nose = INK if kind == "reindeer" else dark(muzzle, 0.6)
    head.mark(ellipse(x + 0.245, y - 0.05, 0.022, 0.017, 30), nose)
    head.mark(ellipse(x + 0.20, y - 0.125, 0.045, 0.010, 15), dark(muzzle, 0.6))
    eye(head, x + 0.05, y + 0.045, 0.034)
    parts = [back_ear, head]
    if kind == "cow":
        horn = Part(1.5).add(
            ribbon([(x - 0.02, y + 0.13), (x + 0.03, y + 0.22), (x + 0.10, y + 0.25)], 0.03, 0.01),
            HORN,
        )
        parts.insert(0, horn)
    if kind == "reindeer":
        parts.append(_antler(x + 0.02, y + 0.11, 1.0, HORN))
    return parts


def hoofed_front(kind: Hoofed, coat: Colour, build: np.random.Generator) -> list[Part]:
    """Return the parts of the animal seen from the front."""
    leg = 0.44 + build.uniform(-0.04, 0.04)
    girth = 0.30 + build.uniform(-0.03, 0.03)
    lift = {"cow": 0.20, "camel": 0.36, "reindeer": 0.30}[kind] + build.uniform(-0.03, 0.03)
    middle = leg + girth * 0.75
    y = middle + lift
    far, hoof = dark(coat, 0.35), mix(dark(coat, 0.7), INK, 0.3)
    far_legs = Part(3.0)
    for x in (-0.25, 0.25):
        far_legs.add(limb((x, middle - 0.1), 0.10, (x, 0.13), 0.055), far)
        far_legs.add(limb((x, 0.14), 0.055, (x, 0.10), 0.05), hoof)
    body = Part(8.0)
    if kind == "camel":
        body.add(ellipse(0.25, middle + girth * 1.0, 0.19, 0.27), dark(coat, 0.1))
    body.add(ellipse(0.0, middle, 0.36, girth * 1.05), coat)
    for x in (-0.17, 0.17):
        body.add(limb((x, middle - 0.05), 0.13, (x, 0.09), 0.065), coat)
        body.add(limb((x, 0.09), 0.065, (x, 0.05), 0.065), hoof)
    if kind == "cow":
        _blotches(body, coat, middle, girth * 0.7, build)
    neck = Part(5.0).add(limb((0.0, middle), 0.21, (0.0, y), 0.13), coat)
    if kind == "reindeer":
        neck.pattern(ellipse(0.0, middle - 0.02, 0.17, 0.2), light(coat, 0.75))
    return [far_legs, body, neck, *_head_front(kind, coat, y)]


def _head_front(kind: Hoofed, coat: Colour, y: float) -> list[Part]:
    muzzle = PINK if kind == "cow" else light(coat, 0.5)
    top = Part(2.0)
    for side in (-1.0, 1.0):
        top.add(ellipse(side * 0.22, y + 0.12, 0.11, 0.05, side * 15), dark(coat, 0.2))
    parts = [top]
    if kind == "cow":
        horns = Part(1.5)
        for side in (-1.0, 1.0):
            path = [(side * 0.08, y + 0.16), (side * 0.16, y + 0.22), (side * 0.16, y + 0.31)]
            horns.add(ribbon(path, 0.03, 0.01), HORN)
        parts.append(horns)
    if kind == "reindeer":
        parts += [_antler(side * 0.09, y + 0.15, -side, HORN) for side in (-1.0, 1.0)]
    head = Part(4.5)
    head.add(
        blob(
            [
                (-0.16, y + 0.10),
                (0.0, y + 0.19),
                (0.16, y + 0.10),
                (0.12, y - 0.10),
                (0.11, y - 0.22),
                (0.0, y - 0.27),
                (-0.11, y - 0.22),
                (-0.12, y - 0.10),
            ]
        ),
        coat,
    )
    head.pattern(ellipse(0.0, y - 0.19, 0.15, 0.10), muzzle)
    nose = INK if kind == "reindeer" else dark(muzzle, 0.6)
    for side in (-1.0, 1.0):
        head.mark(ellipse(side * 0.045, y - 0.16, 0.022, 0.017), nose)
        eye(head, side * 0.095, y + 0.05, 0.034)
    head.mark(ellipse(0.0, y - 0.23, 0.05, 0.010), dark(muzzle, 0.6))
    return [*parts, head]
