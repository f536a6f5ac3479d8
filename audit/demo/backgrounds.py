"""Six landscapes, painted in layers from the sky to the ground, and three kinds of light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.demo.drawing import Colour, Part, Placement, blob, ellipse, limb, mix, paint
from audit.demo.noise import Picture, texture, white_noise

LIGHTS: tuple[str, ...] = ("day", "dusk", "night")

_SKY: dict[str, tuple[Colour, Colour]] = {
    # Top of the sky and horizon; night is darkened further by `grade`.
    "day": ((112.0, 172.0, 232.0), (222.0, 238.0, 248.0)),
    "dusk": ((122.0, 128.0, 204.0), (255.0, 218.0, 176.0)),
    "night": ((66.0, 84.0, 142.0), (128.0, 150.0, 196.0)),
}


def _ridge(random: np.random.Generator, size: int, base: float, height: float, *, jagged: bool = False) -> Picture:
    """Row of a skyline at every column: waves, or peaks with `jagged`."""
    x = np.arange(size, dtype=np.float32) / size
    line = np.zeros(size, dtype=np.float32)
    for octave in range(4 if jagged else 3):
        wave = (1.0 + octave) * random.uniform(0.8, 1.6) * x + random.uniform()
        curve = 1 - 4 * np.abs(wave % 1 - 0.5) if jagged else np.sin(2 * np.pi * wave)
        line += curve * 0.6**octave
    return np.asarray(size * (base - height * line / 2), dtype=np.float32)


def _slope(line: Picture) -> Picture:
    slope = np.empty_like(line)
    slope[1:] = np.diff(line)
    slope[0] = slope[1]
    return slope


def _cover(image: Picture, line: Picture, colour: Picture | Colour) -> None:
    """Paint everything below the skyline."""
    first = max(int(line.min()) - 1, 0)
    rows = np.arange(first, len(image), dtype=np.float32)
    alpha = np.clip(rows[:, None] - line[None, :] + 0.5, 0, 1)[:, :, None]
    below = colour[first:] if isinstance(colour, np.ndarray) else np.asarray(colour, np.float32)
    image[first:] += (below - image[first:]) * alpha


def _ramp(size: int, top: float, upper: Colour, lower: Colour) -> Picture:
    """Vertical gradient from row `top` * size to the bottom."""
    share = np.clip((np.arange(size) / size - top) / (1 - top), 0, 1)[:, None, None]
    first, second = np.asarray(upper, np.float32), np.asarray(lower, np.float32)
    return np.asarray(np.broadcast_to(first + (second - first) * share, (size, size, 3)), np.float32)


def _textured(ground: Picture, noise: Picture, strength: float) -> Picture:
    """Ground whose brightness follows the noise, more strongly towards the viewer."""
    size = len(ground)
    nearness = np.clip(np.linspace(-0.6, 1.2, size), 0.25, 1.0)[:, None].astype(np.float32)
    return ground + (noise * nearness * strength)[:, :, None]


def _dots(
    image: Picture,
    random: np.random.Generator,
    count: int,
    *,
    rows: tuple[float, float],
    colours: list[Colour],
    radius: tuple[float, float],
) -> None:
    """Scatter small soft dots (flowers, snowflakes, pebbles) over a band of rows."""
    size = len(image)
    for _ in range(count):
        y, x = random.uniform(*rows) * size, random.uniform(0.02, 0.98) * size
        reach = random.uniform(*radius) * size / 128
        colour = np.asarray(colours[int(random.integers(len(colours)))], np.float32)
        top, left = max(int(y - reach - 1), 0), max(int(x - reach - 1), 0)
        window = image[top : int(y + reach + 2), left : int(x + reach + 2)]
        distance = np.hypot(
            np.arange(top, top + window.shape[0])[:, None] - y,
            np.arange(left, left + window.shape[1])[None, :] - x,
        )
        window += (colour - window) * np.clip(reach + 0.5 - distance, 0, 1)[:, :, None].astype("f4")


def _sky(random: np.random.Generator, size: int, light: str, horizon: float) -> Picture:
    upper, lower = _SKY[light]
    share = np.clip(np.arange(size) / size / horizon, 0, 1)[:, None, None] ** 1.2
    first, second = np.asarray(upper, np.float32), np.asarray(lower, np.float32)
    image = np.asarray(np.broadcast_to(first + (second - first) * share, (size, size, 3)), "f4").copy()
    cloud = np.clip(texture(random, size, size, "soft") * 0.55 - 0.25, 0, 0.8)[:, :, None]
    tint = np.asarray({"day": (255, 255, 255), "dusk": (255, 196, 190), "night": (120, 140, 185)}[light], np.float32)
    image += (tint - image) * cloud
    return image


def _meadow(random: np.random.Generator, size: int, light: str) -> Picture:
    horizon = random.uniform(0.40, 0.52)
    image = _sky(random, size, light, horizon)
    _cover(image, _ridge(random, size, horizon - 0.05, 0.10), (150.0, 186.0, 176.0))
    _cover(image, _ridge(random, size, horizon, 0.05), (136.0, 186.0, 112.0))
    bushes = Part(5.0)
    for _ in range(int(random.integers(1, 4))):
        x, wide = random.uniform(0, 1), random.uniform(0.05, 0.10)
        for shift in (-0.7, 0.0, 0.7):
            bushes.add(
                ellipse(x + shift * wide, 1 - horizon - 0.01, wide * 0.7, wide * random.uniform(0.6, 1.0)),
                (88.0, 142.0, 76.0),
            )
    _scenery(image, bushes)
    ground = _ramp(size, horizon, (158.0, 202.0, 104.0), (84.0, 148.0, 58.0))
    ground = _textured(ground, texture(random, size, size, "tall"), 13.0)
    _cover(image, _ridge(random, size, horizon + 0.05, 0.04), ground)
    flowers = [(252.0, 250.0, 244.0), (252.0, 222.0, 92.0), (240.0, 150.0, 176.0)]
    _dots(image, random, int(random.integers(10, 26)), rows=(horizon + 0.12, 1.0), colours=flowers, radius=(0.7, 1.5))
    return image


def _snow(random: np.random.Generator, size: int, light: str) -> Picture:
    horizon = random.uniform(0.42, 0.54)
    image = _sky(random, size, light, horizon)
    image += (np.float32(235) - image) * np.float32(0.25)
    _cover(image, _ridge(random, size, horizon - 0.08, 0.16, jagged=True), (188.0, 206.0, 228.0))
    pines = Part(2.0)
    for _ in range(int(random.integers(4, 9))):
        x, tall = random.uniform(0, 1), random.uniform(0.10, 0.22)
        for tier in range(3):
            foot = 1 - horizon - 0.03 + tall * 0.28 * tier
            wide = tall * (0.34 - 0.08 * tier)
            tree = np.array([(x - wide, foot), (x + wide, foot), (x, foot + tall * 0.46)])
            pines.add(tree, (96.0, 130.0, 124.0))
            pines.pattern(tree + np.array([0.0, tall * 0.07]), (214.0, 226.0, 236.0))
            pines.pattern(tree + np.array([0.0, -0.004]), (104.0, 138.0, 132.0))
    _scenery(image, pines)
    ground = _ramp(size, horizon, (226.0, 235.0, 246.0), (246.0, 249.0, 253.0))
    ground = _textured(ground, texture(random, size, size, "soft"), 9.0)
    _cover(image, _ridge(random, size, horizon + 0.03, 0.05), ground)
    drift = _textured(
        _ramp(size, 0.6, (208.0, 222.0, 240.0), (250.0, 252.0, 255.0)), texture(random, size, size, "soft"), 6.0
    )
    _cover(image, _ridge(random, size, horizon + 0.18, 0.06), drift)
    _dots(
        image, random, int(random.integers(18, 36)), rows=(0.0, 1.0), colours=[(255.0, 255.0, 255.0)], radius=(0.5, 1.2)
    )
    return image


def _sand(random: np.random.Generator, size: int, light: str) -> Picture:
    horizon = random.uniform(0.42, 0.54)
    image = _sky(random, size, light, horizon)
    image[:] = image * 0.86 + np.asarray((250, 226, 190), np.float32) * 0.14
    for depth, colour in enumerate(((232.0, 200.0, 156.0), (240.0, 204.0, 146.0))):
        line = _ridge(random, size, horizon - 0.05 + 0.05 * depth, 0.10)
        _cover(image, line, colour)
        # The lee side of a dune, to the right of its crest, lies in shade that fades downwards.
        rows = np.arange(size, dtype=np.float32)[:, None]
        below = np.clip(rows - line[None, :] + 0.5, 0, 1) * np.exp(-(rows - line) / (0.09 * size))
        lee = np.clip(_slope(line) * 2.5, 0, 1)[None, :] * np.clip(below, 0, 1)
        image *= 1 - lee[:, :, None] * np.asarray((0.14, 0.22, 0.28), np.float32)
    ground = _ramp(size, horizon, (246.0, 214.0, 154.0), (222.0, 176.0, 108.0))
    wave = np.arange(size, dtype=np.float32)[:, None] * (0.55 * 128 / size)
    ripples = np.sin(wave + 2.2 * texture(random, size, size, "soft"))
    ground = _textured(ground, ripples + 0.5 * texture(random, size, size, "grain"), 6.5)
    _cover(image, _ridge(random, size, horizon + 0.08, 0.06), ground)
    _dots(
        image,
        random,
        int(random.integers(2, 8)),
        rows=(horizon + 0.15, 1.0),
        colours=[(176.0, 136.0, 90.0)],
        radius=(0.6, 1.4),
    )
    return image


def _water(random: np.random.Generator, size: int, light: str) -> Picture:
    horizon = random.uniform(0.40, 0.50)
    image = _sky(random, size, light, horizon)
    _cover(image, _ridge(random, size, horizon - 0.06, 0.12), (150.0, 180.0, 196.0))
    _cover(image, _ridge(random, size, horizon - 0.01, 0.04), (106.0, 150.0, 128.0))
    near = {"day": (38.0, 118.0, 176.0), "dusk": (84.0, 104.0, 160.0), "night": (40.0, 88.0, 150.0)}
    ground = _ramp(size, horizon, mix(_SKY[light][1], (150.0, 205.0, 228.0), 0.5), near[light])
    ripples = texture(random, size, size, "wide")
    ground = _textured(ground, ripples, 15.0)
    glint = np.clip(ripples - 1.6, 0, 1)[:, :, None]
    ground += (np.float32(250) - ground) * glint
    _cover(image, np.full(size, size * (horizon + 0.02), np.float32), ground)
    pads = Part(2.0)
    for _ in range(int(random.integers(0, 4))):
        x, y = random.uniform(0.02, 0.98), random.uniform(0.03, 0.3)
        pads.add(ellipse(x, y, 0.05, 0.016), (108.0, 172.0, 106.0))
    _scenery(image, pads)
    return image


def _forest(random: np.random.Generator, size: int, light: str) -> Picture:
    haze = mix((196.0, 220.0, 176.0), _SKY[light][1], 0.35)
    image = _ramp(size, 0.0, mix(haze, (120.0, 160.0, 110.0), 0.4), haze).copy()
    horizon = random.uniform(0.56, 0.66)
    for depth, (count, share) in enumerate(((7, 0.62), (5, 0.34), (3, 0.0))):
        trunks = Part(2.0 + depth)
        colour = mix((96.0, 70.0, 50.0), haze, share)
        for _ in range(count):
            x, wide = random.uniform(-0.02, 1.02), (0.012 + 0.012 * depth) * random.uniform(0.8, 1.3)
            lean = random.uniform(-0.03, 0.03)
            foot = 1 - horizon - 0.04 * depth
            trunks.add(limb((x, foot), wide * 1.25, (x + lean, 1.05), wide * 0.8), colour)
        _scenery(image, trunks)
        leaf = texture(random, size, size, "soft") + 0.5 * texture(random, size, size, "grain")
        edge = np.linspace(1.6, -3.4, size, dtype=np.float32)[:, None] * (1.5 - 0.2 * depth)
        alpha = np.clip((leaf + edge) * 1.4, 0, 0.92)[:, :, None]
        green = mix((70.0, 122.0, 58.0), haze, share * 0.9)
        image += (np.asarray(green, np.float32) + leaf[:, :, None] * 9 - image) * alpha
    ground = _ramp(size, horizon, (142.0, 150.0, 88.0), (104.0, 88.0, 54.0))
    litter = texture(random, size, size, "grain") + 0.5 * texture(random, size, size, "wide")
    ground = _textured(ground, litter, 12.0)
    dapple = np.clip(texture(random, size, size, "soft") - 0.5, 0, 1)[:, :, None]
    ground += np.asarray((44, 44, 20), np.float32) * dapple
    _cover(image, _ridge(random, size, horizon + 0.02, 0.03), ground)
    return image


def _rock(random: np.random.Generator, size: int, light: str) -> Picture:
    horizon = random.uniform(0.46, 0.56)
    image = _sky(random, size, light, horizon)
    far = _ridge(random, size, horizon - 0.16, 0.26, jagged=True)
    wall = _ramp(size, 0.1, (176.0, 182.0, 194.0), (150.0, 152.0, 160.0))
    lit = np.clip(-_slope(far), -1, 1)[None, :, None] * 16
    wall = wall + lit + 7 * texture(random, size, size, "tall")[:, :, None]
    _cover(image, far, np.asarray(wall, np.float32))
    near = _ridge(random, size, horizon - 0.02, 0.14, jagged=True)
    cliff = _ramp(size, 0.3, (148.0, 142.0, 138.0), (122.0, 116.0, 112.0))
    cliff = cliff + np.clip(-_slope(near), -1, 1)[None, :, None] * 14
    _cover(image, near, np.asarray(cliff + 9 * texture(random, size, size, "grain")[:, :, None], "f4"))
    ground = _ramp(size, horizon, (170.0, 162.0, 152.0), (128.0, 120.0, 112.0))
    slabs = texture(random, size, size, "wide") + 0.8 * texture(random, size, size, "grain")
    ground = _textured(ground, slabs, 12.0)
    _cover(image, _ridge(random, size, horizon + 0.06, 0.05), ground)
    for _ in range(int(random.integers(2, 5))):
        x, y = random.uniform(0, 1), 1 - horizon - random.uniform(0.04, 0.12)
        wide = random.uniform(0.05, 0.11)
        shape = random.uniform(0.7, 1.1, size=6)
        corners = [
            (x + wide * shape[i] * np.cos(a), y + 0.7 * wide * shape[i] * np.sin(a))
            for i, a in enumerate(np.linspace(0, 2 * np.pi, 6, endpoint=False))
        ]
        grey = random.uniform(116, 160)
        _scenery(image, Part(4.0).add(blob(corners, 4), (grey + 6, grey, grey - 6)))
    _dots(
        image,
        random,
        12,
        rows=(horizon + 0.12, 1.0),
        colours=[(110.0, 104.0, 100.0), (190.0, 184.0, 176.0)],
        radius=(0.6, 1.6),
    )
    return image


def _scenery(image: Picture, part: Part) -> None:
    """Paint a part given in shares of the picture: (0, 0) lower left, (1, 1) upper right."""
    if part.outline:
        size = len(image)
        paint(image, None, [part], Placement(size, 0.0, float(size), float(size)))


_SCENES: dict[str, Callable[[np.random.Generator, int, str], Picture]] = {
    "meadow": _meadow,
    "snow": _snow,
    "sand": _sand,
    "water": _water,
    "forest": _forest,
    "rock": _rock,
}

BACKGROUNDS: tuple[str, ...] = tuple(_SCENES)


def landscape(background: str, light: str, random: np.random.Generator, size: int) -> Picture:
    """Return the landscape as float32 (size, size, 3), 0-255, before `grade`."""
    return _SCENES[background](random, size, light)


@dataclass(frozen=True)
class _Grade:
    gain: Colour
    lift: Colour
    grain: float


_GRADES: dict[str, _Grade] = {
    "day": _Grade((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), 1.5),
    "dusk": _Grade((0.97, 0.80, 0.72), (8.0, 2.0, 6.0), 2.0),
    # Darker and flatter as well as bluer, and grainy: the harder subgroup. A moonlit night is what the
    # training split knows; the nights of the test split are darker.
    "moonlit night": _Grade((0.30, 0.38, 0.56), (6.0, 9.0, 22.0), 8.5),
    "dark night": _Grade((0.20, 0.26, 0.40), (6.0, 9.0, 22.0), 10.0),
}


def grade(image: Picture, mask: Picture, light: str, random: np.random.Generator, *, dark: bool) -> Picture:
    """Return the finished picture in this light: colour cast, moon and stars, sensor noise.

    `dark` makes nights darker.
    """
    size = len(image)
    night = "dark night" if dark else "moonlit night"
    look = _GRADES[night if light == "night" else light]
    image = image * np.asarray(look.gain, np.float32) + np.asarray(look.lift, np.float32)
    if light == "night":
        stars = np.zeros_like(image)
        _dots(stars, random, 14, rows=(0.0, 0.3), colours=[(150.0, 155.0, 165.0)], radius=(0.25, 0.6))
        _dots(stars, random, 1, rows=(0.08, 0.18), colours=[(215.0, 215.0, 196.0)], radius=(6.0, 8.0))
        image += stars * (1 - mask[:, :, None])
    image += look.grain * white_noise(random, size, 1)
    if light == "night":
        image += 0.5 * look.grain * white_noise(random, size, 3)
    return np.clip(image, 0, 255)
