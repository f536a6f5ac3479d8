"""Text stands out from every ground it lies on, in the light and in the dark theme: at least 4.5 : 1 (WCAG 2, AA)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STYLE = (ROOT / "assets" / "theme.css").read_text(encoding="utf-8")
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
FADED = 0.6
"""How much of its colour Streamlit leaves the first column and the headings of a table."""

LEAST = 4.5


def rgb(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text: list[float], ground: list[float]) -> float:
    dark, light = sorted((luminance(text), luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


def grounds(scheme: str) -> list[list[float]]:
    theme = THEME[scheme]
    named = [theme["backgroundColor"], theme["secondaryBackgroundColor"]]
    return [rgb(colour) for colour in [*named, *(theme["sidebar"][key] for key in theme["sidebar"])]]


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(rgb("#000000"), rgb("#FFFFFF")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#FFFFFF")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_faded_text_stand_out(scheme: str) -> None:
    text = rgb(THEME[scheme]["textColor"])
    for ground in grounds(scheme):
        faded = [FADED * a + (1 - FADED) * b for a, b in zip(text, ground, strict=True)]
        assert contrast(text, ground) >= 7
        assert contrast(faded, ground) >= LEAST


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_words_in_the_style_sheet_stands_out(scheme: str) -> None:
    words = dict(re.findall(r"--audit-(accent|alert|quiet): light-dark\((#\w{6}, #\w{6})\)", STYLE))
    assert set(words) == {"accent", "alert", "quiet"}
    charts = re.search(r"fill: light-dark\((#\w{6}, #\w{6})\)", STYLE)
    assert charts is not None
    place = ("light", "dark").index(scheme)
    for pair in (*words.values(), charts.group(1)):
        for ground in grounds(scheme):
            assert contrast(rgb(pair.split(", ")[place]), ground) >= LEAST


@pytest.mark.parametrize("drawn", [".textpoint text", ".xtick text", ".annotation-text", ".g-btitle text"])
def test_words_in_charts_follow_the_theme(drawn: str) -> None:
    rule = STYLE[STYLE.index("/* Text of charts") : STYLE.index("!important")]
    assert f".js-plotly-plot {drawn}" in rule
