"""Flat shapes turned into softly shaded figures.

A figure is a list of parts, painted from back to front. A part is a handful of coloured
polygons that share one outline; its outline is blurred into a height field whose slope, seen
from the upper left, shades the part like a clay relief. Coordinates are the figure's own:
x to the right, y upwards, the ground at y = 0, one unit about the width of an animal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[float, float, float]
Points = NDArray[np.float64]

# Polygons are drawn three times larger and averaged down: PIL draws without antialiasing.
SUPERSAMPLING = 3


@dataclass
class Part:
    """Shapes that are shaded as one body; `roundness` in pixels of a 128-pixel image."""

    roundness: float = 5.0
    outline: list[tuple[Points, Colour]] = field(default_factory=list)
    marks: list[tuple[Points, Colour]] = field(default_factory=list)
    """Drawn on top without shading and without adding to the outline (eyes, nostrils)."""
    patterns: list[tuple[Points, Colour]] = field(default_factory=list)
    """Drawn inside the outline only, and shaded with it (spots, bellies)."""

    def add(self, points: Points, colour: Colour) -> Part:
        self.outline.append((points, colour))
        return self

    def mark(self, points: Points, colour: Colour) -> Part:
        self.marks.append((points, colour))
        return self

    def pattern(self, points: Points, colour: Colour) -> Part:
        self.patterns.append((points, colour))
        return self


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that lies `share` of the way from `first` to `second`."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return (red, green, blue)


@lru_cache(maxsize=8)
def _circle(corners: int) -> Points:
    angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ellipse(x: float, y: float, width: float, height: float, turn: float = 0.0) -> Points:
    """Polygon of an ellipse with half axes `width` and `height`, turned by `turn` degrees."""
    points = _circle(28) * (width, height)
    if turn:
        angle = np.deg2rad(turn)
        cosine, sine = np.cos(angle), np.sin(angle)
        points = points @ np.array([[cosine, sine], [-sine, cosine]])
    return points + (x, y)


def limb(
    start: tuple[float, float], start_radius: float, end: tuple[float, float], end_radius: float
) -> Points:
    """Polygon of a rounded stick from `start` to `end` that tapers between the two radii."""
    direction = np.arctan2(end[1] - start[1], end[0] - start[0])
    half = np.linspace(0.5 * np.pi, 1.5 * np.pi, 9) + direction
    other = half + np.pi
    back = np.stack([np.cos(half), np.sin(half)], axis=1) * start_radius + start
    front = np.stack([np.cos(other), np.sin(other)], axis=1) * end_radius + end
    return np.concatenate([back, front])


@lru_cache(maxsize=8)
def _spline_weights(steps: int) -> NDArray[np.float64]:
    t = np.arange(steps)[:, None] / steps
    return 0.5 * np.concatenate(
        [
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            -(t**2) + t**3,
        ],
        axis=1,
    )


def blob(corners: Sequence[tuple[float, float]], steps: int = 6) -> Points:
    """Polygon of a closed Catmull-Rom curve through the corners."""
    points = np.asarray(corners, dtype=float)
    windows = np.stack([np.roll(points, shift, axis=0) for shift in (1, 0, -1, -2)], axis=1)
    return np.einsum("sw,nwc->nsc", _spline_weights(steps), windows).reshape(-1, 2)


def ribbon(path: Sequence[tuple[float, float]], start: float, end: float) -> Points:
    """Polygon of a smooth band along the path, from half width `start` to half width `end`."""
    points = np.asarray(path, dtype=float)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)
    line = np.einsum("sw,nwc->nsc", _spline_weights(6), windows).reshape(-1, 2)
    line = np.concatenate([line, points[-1:]])
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    half = np.linspace(start, end, len(line))[:, None]
    left, right = line + normal * half, line - normal * half
    return np.concatenate([left, right[::-1]])


@dataclass(frozen=True)
class Placement:
    """Where and how large a figure stands in an image of `size` x `size` pixels."""

    size: int
    x: float
    """Pixel column of the figure's x = 0."""
    ground: float
    """Pixel row of the figure's y = 0."""
    scale: float
    """Pixels of one unit."""
    mirrored: bool = False


def _draw(
    shapes: Sequence[tuple[Points, Colour]], canvas: ImageDraw.ImageDraw, placement: Placement,
    *, solid: bool,
) -> None:
    side = -1.0 if placement.mirrored else 1.0
    factor = np.array([side, -1.0]) * placement.scale * SUPERSAMPLING
    offset = np.array([placement.x, placement.ground]) * SUPERSAMPLING
    for points, colour in shapes:
        corners = (points * factor + offset).ravel().tolist()
        if solid:
            canvas.polygon(corners, fill=255)
        else:
            red, green, blue = colour
            canvas.polygon(corners, fill=(int(red), int(green), int(blue)))


def _shrunk(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.reduce(SUPERSAMPLING), dtype=np.float32)


def _relief(alpha: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Brightness of a body with this outline, lit from the upper left; 1 = flat."""
    picture = Image.fromarray((alpha * 255).astype(np.uint8))
    height = np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255
    down, right = np.gradient(height)
    slope = (0.55 * right + 0.85 * down) * radius
    rim = np.clip((height - 0.5) * 2.0, 0.0, 1.0)
    shade = 0.80 + 0.26 * rim + 0.95 * np.clip(slope, -0.4, 0.3)
    return np.asarray(shade, dtype=np.float32)


def paint(
    image: NDArray[np.float32], mask: NDArray[np.float32], parts: Sequence[Part],
    placement: Placement,
) -> None:
    """Paint the parts over `image` (size, size, 3; 0-255) and add their outline to `mask`.

    Both arrays are changed in place; `mask` is 0 to 1.
    """
    large = placement.size * SUPERSAMPLING
    for part in parts:
        outline = Image.new("L", (large, large), 0)
        _draw(part.outline, ImageDraw.Draw(outline), placement, solid=True)
        box = outline.getbbox()
        if box is None:
            continue
        margin = 2
        left, top = (max(edge // SUPERSAMPLING - margin, 0) for edge in box[:2])
        right, bottom = (
            min(-(-edge // SUPERSAMPLING) + margin, placement.size) for edge in box[2:]
        )
        window = (slice(top, bottom), slice(left, right))
        cut = tuple(edge * SUPERSAMPLING for edge in (left, top, right, bottom))
        alpha = _shrunk(outline.crop(cut)) / 255
        shifted = Placement(
            placement.size, placement.x - left, placement.ground - top, placement.scale,
            placement.mirrored,
        )
        colours = Image.new("RGB", (cut[2] - cut[0], cut[3] - cut[1]), _ground_colour(part))
        canvas = ImageDraw.Draw(colours)
        _draw(part.outline, canvas, shifted, solid=False)
        _draw(part.patterns, canvas, shifted, solid=False)
        shade = _relief(alpha, part.roundness * placement.size / 128)[:, :, None]
        colour = _shrunk(colours) * shade
        image[window] += (np.minimum(colour, 255) - image[window]) * alpha[:, :, None]
        mask[window] = np.maximum(mask[window], alpha)
        _paint_marks(image, part, placement)


def _paint_marks(image: NDArray[np.float32], part: Part, placement: Placement) -> None:
    if not part.marks:
        return
    side = -1.0 if placement.mirrored else 1.0
    every = np.concatenate([points for points, _ in part.marks])
    columns = placement.x + side * every[:, 0] * placement.scale
    rows = placement.ground - every[:, 1] * placement.scale
    left, top = max(int(columns.min()) - 1, 0), max(int(rows.min()) - 1, 0)
    right = min(int(columns.max()) + 2, placement.size)
    bottom = min(int(rows.max()) + 2, placement.size)
    if left >= right or top >= bottom:
        return
    extent = ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING)
    shifted = Placement(
        placement.size, placement.x - left, placement.ground - top, placement.scale,
        placement.mirrored,
    )
    outline = Image.new("L", extent, 0)
    _draw(part.marks, ImageDraw.Draw(outline), shifted, solid=True)
    colours = Image.new("RGB", extent, _ground_colour(part))
    canvas = ImageDraw.Draw(colours)
    _draw(part.marks, canvas, shifted, solid=False)
    alpha = _shrunk(outline)[:, :, None] / 255
    window = (slice(top, bottom), slice(left, right))
    image[window] += (_shrunk(colours) - image[window]) * alpha


def _ground_colour(part: Part) -> tuple[int, int, int]:
    """Colour beneath the antialiased rim: the part's own, so that no dark fringe appears."""
    red, green, blue = (part.outline or part.marks)[0][1]
    return (int(red), int(green), int(blue))
