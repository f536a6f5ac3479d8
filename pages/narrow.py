"""Figures drawn so that the same one fits a phone and a wall: words in lines, few ticks, scales below cells.

The server does not know how wide a window is, so nothing here depends on it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

NARROWEST = 340
"""Pixels that a figure has on the narrowest phone."""

_LONGEST_NAME = 26
_LONGEST_BESIDE_CELLS = 20
_LONGEST_TITLE = 42
"""Letters in a line: of a row's name, of a row's name beside cells, of a title below a plot without such names."""

_MOST_TICKS = 7
_LINE, _TITLE_LINE, _SCALE = 16, 20, 56
"""Pixels: heights of a line of a name and of a title, and of the scale of colours."""

_LEAST_PLOT, _TITLED = 64, 96
"""Pixels: the least that Plotly draws of a plot, and what numbers and a title of one line take around it."""

_NAME_LETTER, _CELL_LETTER, _CELL_EDGE = 6.6, 6.2, 4
_MARK_UP = re.compile(r"<[^>]*>")
_NEVER_BROKEN = re.compile(r"\S+(?: = \S+)*(?: ★)?(?:\s+<span\b[^>]*>.*?</span>)?")
"""A word, an equation, and a star or the number of samples with the word before it."""


def fit_narrow(figure: go.Figure) -> None:
    """Break long names and titles into lines, leave out ticks that would turn, put scales of cells below them.

    Parameters
    ----------
    figure
        Changed in place.
    """
    cells = has_cells(figure)
    if cells:
        _scale_below(figure)
    named = _break_names(figure, _LONGEST_BESIDE_CELLS if cells else _LONGEST_NAME)
    for axis in figure.select_xaxes():
        if axis.title.text:
            axis.title.text = in_lines(axis.title.text, _LONGEST_NAME if named else _LONGEST_TITLE)
            if figure.layout.height:
                further = axis.title.text.count("<br>") * _TITLE_LINE
                # Plotly would rather write the title over the numbers than draw less of a plot.
                figure.layout.height = max(figure.layout.height + further, _LEAST_PLOT + _TITLED + further)
        if named and not cells and axis.tickvals is not None and len(axis.tickvals) > _MOST_TICKS:
            axis.tickvals, axis.ticktext = _fewer(axis.tickvals, axis.ticktext)


def has_cells(figure: go.Figure) -> bool:
    """Return whether a figure is a table of coloured cells."""
    return any(trace.type == "heatmap" for trace in figure.data)


def too_wide(figure: go.Figure) -> bool:
    """Return whether the cells of a figure cannot all be read on a phone."""
    cells = [trace for trace in figure.data if trace.type == "heatmap" and trace.z is not None and len(trace.z)]
    if not cells:
        return False
    printed = [text for trace in cells if trace.texttemplate and trace.text is not None for text in _flat(trace.text)]
    printed += [text for trace in figure.data if trace.type == "scatter" for text in _flat(trace.text)]
    names = max((_letters(name) for axis in figure.select_yaxes() for name in axis.ticktext or ()), default=0)
    cell = _CELL_LETTER * max((_letters(text) for text in printed), default=1) + _CELL_EDGE
    return _NAME_LETTER * names + len(cells[0].z[0]) * cell > NARROWEST


def in_lines(words: str, longest: int) -> str:
    """Return words broken into lines of at most so many letters, about equally long; what is marked up stays whole."""
    parts = [part for line in words.split("<br>") for part in _NEVER_BROKEN.findall(line)]
    whole = _letters(words)
    if "<br>" in words or whole <= longest or len(parts) < 2:
        return words
    # Equal lines look better than a full one and a rest; a word more is better than a line more.
    for room in range(whole // -(-whole // longest), longest + 1):
        lines = _filled(parts, room)
        if len(lines) <= -(-whole // longest):
            break
    return "<br>".join(lines)


def _filled(parts: Sequence[str], room: int) -> list[str]:
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} {part}"
        if _letters(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _letters(words: Any) -> int:
    """Return how many letters are seen of the longest line of a text."""
    return max(len(html.unescape(_MARK_UP.sub("", line))) for line in str(words).split("<br>"))


def _break_names(figure: go.Figure, longest: int) -> bool:
    """Break the rows' names into lines, make room for them, and return whether rows have names."""
    named = False
    for axis in figure.select_yaxes():
        if axis.ticktext is None:
            names = _categories(figure)
            if not names:
                continue
            axis.tickmode, axis.tickvals, axis.ticktext = "array", names, names
        named = True
        broken = [in_lines(str(name), longest) for name in axis.ticktext]
        further = max((name.count("<br>") for name in broken), default=0)
        axis.ticktext = broken
        if further and figure.layout.height:
            figure.layout.height += further * _LINE * len(broken)
    return named


def _categories(figure: go.Figure) -> list[str]:
    """Return the names that bars, or rows of cells, stand on without an axis that tells them."""
    names: dict[str, None] = {}
    for trace in figure.data:
        lying = trace.type == "heatmap" or (trace.type == "bar" and trace.orientation == "h")
        if lying and trace.y is not None:
            names.update(dict.fromkeys(name for name in trace.y if isinstance(name, str)))
    return list(names)


def _fewer(values: Sequence[Any], texts: Sequence[str] | None) -> tuple[list[Any], list[str] | None]:
    """Return every second tick, or every third and so on, zero among them."""
    step = -(-len(values) // _MOST_TICKS)
    first = list(values).index(0) % step if 0 in values else 0
    return list(values)[first::step], list(texts)[first::step] if texts is not None else None


def _scale_below(figure: go.Figure) -> None:
    """Put names of columns above the cells, turned where they need to be, and the scale of colours below."""
    figure.update_xaxes(side="top", autotickangles=[0, -60])
    shown = [trace for trace in figure.data if trace.type == "heatmap" and trace.showscale is not False]
    if len(shown) != 1:
        return
    bar = shown[0].colorbar
    bar.update(orientation="h", x=0, xanchor="left", yref="container", y=0, yanchor="bottom", len=1, thickness=12)
    if bar.title.text:
        # Plotly would write it over the scale.
        words = [figure.layout.xaxis.title.text, f"colour: {bar.title.text}"]
        figure.update_xaxes(title={"text": "; ".join(filter(None, words))})
        bar.title.text = ""
    figure.update_layout(margin={"b": _SCALE}, height=(figure.layout.height or 450) + _SCALE // 2)


def _flat(texts: Any) -> list[str]:
    if texts is None or isinstance(texts, str):
        return [texts] if texts else []
    return [text for one in texts for text in ([one] if isinstance(one, str) else one) if text]
