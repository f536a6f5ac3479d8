"""Colours and pieces that several animals share."""

from __future__ import annotations

from audit.demo.drawing import Colour, Part, ellipse, mix

WHITE: Colour = (250.0, 249.0, 246.0)
INK: Colour = (34.0, 28.0, 30.0)
PINK: Colour = (232.0, 158.0, 152.0)
HORN: Colour = (226.0, 208.0, 172.0)
BEAK: Colour = (240.0, 172.0, 62.0)

COAT_COLOURS: dict[str, Colour] = {
    "brown": (148.0, 92.0, 54.0),
    "grey": (146.0, 148.0, 156.0),
    "white": (240.0, 236.0, 228.0),
    "black": (66.0, 61.0, 66.0),
    "golden": (228.0, 172.0, 70.0),
    # The two hue twins: as bright as each other (Rec. 601 luma 124), so that only hue differs.
    "red": (212.0, 92.0, 58.0),
    "blue": (66.0, 129.0, 255.0),
}


def light(coat: Colour, share: float = 0.45) -> Colour:
    """Return the coat's lighter shade (belly, muzzle)."""
    return mix(coat, WHITE, share)


def dark(coat: Colour, share: float = 0.28) -> Colour:
    """Return the coat's darker shade (far legs, ears)."""
    return mix(coat, INK, share)


def eye(part: Part, x: float, y: float, radius: float = 0.04) -> None:
    """Mark a dark eye with a highlight on the part."""
    part.mark(ellipse(x, y, radius, radius * 1.12), INK)
    part.mark(ellipse(x - radius * 0.3, y + radius * 0.4, radius * 0.36, radius * 0.36), WHITE)


def closed_smile(part: Part, x: float, y: float, width: float) -> None:
    """Mark a small mouth below the point: two short arcs drawn as thin ellipses."""
    part.mark(ellipse(x - width * 0.5, y, width * 0.55, 0.014, -24.0), INK)
    part.mark(ellipse(x + width * 0.5, y, width * 0.55, 0.014, 24.0), INK)
