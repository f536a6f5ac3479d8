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
        """Add a shape to the outline."""
        self.outline.append((points, colour))
        return self

    def mark(self, points: Points, colour: Colour) -> Part:
        """Add a mark on top."""
        self.marks.append((points, colour))
        return self

    def pattern(self, points: Points, colour: Colour) -> Part:
        """Add a shape inside the outline."""
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
    points: Points = _circle(28) * (width, height)
    if turn:
        angle = np.deg2rad(turn)
        cosine, sine = np.cos(angle), np.sin(angle)
        points = points @ np.array([[cosine, sine], [-sine, cosine]])
    placed: Points = points + np.array([x, y])
    return placed


def limb(start: tuple[float, float], start_radius: float, end: tuple[float, float], end_radius: float) -> Points:
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
    curve: Points = np.einsum("sw,nwc->nsc", _spline_weights(steps), windows).reshape(-1, 2)
    return curve


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


Polygons = list[tuple[list[float], tuple[int, int, int]]]


def _placed(shapes: Sequence[tuple[Points, Colour]], placement: Placement) -> Points:
    """Return all corners of the shapes as pixel coordinates of the supersampled picture."""
    side = -1.0 if placement.mirrored else 1.0
    factor = np.array([side, -1.0]) * (placement.scale * SUPERSAMPLING)
    offset = np.array([placement.x, placement.ground]) * SUPERSAMPLING
    corners: Points = np.concatenate([points for points, _ in shapes]) * factor + offset
    return corners


def _window(corners: Points, size: int) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom in pixels around the corners, or None when outside."""
    margin = 2
    left, top = np.maximum(corners.min(axis=0) // SUPERSAMPLING - margin, 0).astype(int).tolist()
    right, bottom = np.minimum(corners.max(axis=0) // SUPERSAMPLING + 1 + margin, size).astype(int).tolist()
    return (left, top, right, bottom) if left < right and top < bottom else None


def _polygons(shapes: Sequence[tuple[Points, Colour]], corners: Points, left: int, top: int) -> Polygons:
    flat = (corners - (left * SUPERSAMPLING, top * SUPERSAMPLING)).ravel().tolist()
    polygons: Polygons = []
    start = 0
    for points, (red, green, blue) in shapes:
        end = start + 2 * len(points)
        polygons.append((flat[start:end], (int(red), int(green), int(blue))))
        start = end
    return polygons


def _alpha(polygons: Polygons, extent: tuple[int, int]) -> NDArray[np.float32]:
    picture = Image.new("L", extent, 0)
    canvas = ImageDraw.Draw(picture)
    for corners, _ in polygons:
        canvas.polygon(corners, fill=255)
    return _shrunk(picture) / np.float32(255)


def _colours(polygons: Polygons, extent: tuple[int, int]) -> NDArray[np.float32]:
    # The first colour fills the ground, so that no dark fringe appears at the antialiased rim.
    picture = Image.new("RGB", extent, polygons[0][1])
    canvas = ImageDraw.Draw(picture)
    for corners, colour in polygons:
        canvas.polygon(corners, fill=colour)
    return _shrunk(picture)


def _shrunk(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.reduce(SUPERSAMPLING), dtype=np.float32)


def _relief(alpha: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Brightness of a body with this outline, lit from the upper left; 1 = flat."""
    picture = Image.fromarray((alpha * 255).astype(np.uint8))
    height = np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255
    slope = np.zeros_like(height)
    slope[:, 1:-1] += 0.275 * (height[:, 2:] - height[:, :-2])
    slope[1:-1] += 0.425 * (height[2:] - height[:-2])
    slope *= radius
    rim = np.clip((height - 0.5) * 2.0, 0.0, 1.0)
    shade = 0.80 + 0.26 * rim + 0.95 * np.clip(slope, -0.4, 0.3)
    return np.asarray(shade, dtype=np.float32)


def paint(
    image: NDArray[np.float32],
    mask: NDArray[np.float32] | None,
    parts: Sequence[Part],
    placement: Placement,
) -> None:
    """Paint the parts over `image` (size, size, 3; 0-255) and add their outline to `mask`.

    Both arrays are changed in place; `mask` is 0 to 1.
    """
    for part in parts:
        if part.outline:
            _paint_body(image, mask, part, placement)
        if part.marks:
            _paint_marks(image, part, placement)


def _paint_body(image: NDArray[np.float32], mask: NDArray[np.float32] | None, part: Part, placement: Placement) -> None:
    corners = _placed(part.outline, placement)
    box = _window(corners, placement.size)
    if box is None:
        return
    left, top, right, bottom = box
    extent = ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING)
    outline = _polygons(part.outline, corners, left, top)
    alpha = _alpha(outline, extent)
    inside = outline
    if part.patterns:
        inside = outline + _polygons(part.patterns, _placed(part.patterns, placement), left, top)
    colour = _colours(inside, extent)
    colour *= _relief(alpha, part.roundness * placement.size / 128)[:, :, None]
    window = (slice(top, bottom), slice(left, right))
    image[window] += (np.minimum(colour, 255) - image[window]) * alpha[:, :, None]
    if mask is not None:
        mask[window] = np.maximum(mask[window], alpha)


def _paint_marks(image: NDArray[np.float32], part: Part, placement: Placement) -> None:
    corners = _placed(part.marks, placement)
    box = _window(corners, placement.size)
    if box is None:
        return
    left, top, right, bottom = box
    extent = ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING)
    marks = _polygons(part.marks, corners, left, top)
    window = (slice(top, bottom), slice(left, right))
    alpha = _alpha(marks, extent)[:, :, None]
    image[window] += (_colours(marks, extent) - image[window]) * alpha
