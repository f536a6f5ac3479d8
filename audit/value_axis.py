"""The axis that values lie on, in the words of their unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

_STEPS = 6
"""Steps between the ticks of an axis of points, at most."""

_ROOM = 0.85
"""Where on an axis a tick still has room for a word, as a share of its length."""


def value_axis(units: Sequence[str], numbers: Iterable[float], *, title: str | None, note: str = "") -> dict[str, Any]:
    """Return the layout of an axis: shares with their sign of per cent, differences of shares in points.

    Parameters
    ----------
    units
        Unit of each row.
    numbers
        What lies on the axis; NaN is left out.
    title
        What the axis measures; ``None`` where there is no room for it: a tick then says points.
    note
        What follows the title.
    """
    known = [float(number) for number in numbers if math.isfinite(number)]
    named = {} if title is None else {"title": {"text": f"{title}{note}"}}
    if not units or not known or any(unit != "points" for unit in units):
        shares = bool(units) and all(unit in ("share", "points") for unit in units)
        return {**named, "tickformat": ".0%" if shares else ".3~g"}
    if title is not None:
        named = {"title": {"text": f"{f'{title}, points' if title else 'points'}{note}"}}
    values = _ticks(100 * min(known), 100 * max(known), beyond=title is not None)
    texts = [f"{value:+.6g}".replace("-", "−") if value else "0" for value in values]
    if title is None and values:
        # Plotly leaves out a label that would reach beyond the drawing, so the last one with room says it.
        room = 100 * (min(known) + _ROOM * (max(known) - min(known)))
        place = max(place for place, value in enumerate(values) if value <= room or place == 0)
        texts[place] += " points"
    # Plotly's own format for hundredths writes a sign of per cent, which would say something else.
    return {**named, "tickvals": [value / 100 for value in values], "ticktext": texts}


def _ticks(low: float, high: float, *, beyond: bool) -> list[float]:
    """Return round numbers between two values; ``beyond``: and one further at either end, where room may be left."""
    raw = (high - low) / _STEPS or 1.0
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9) - beyond, math.floor(high / step + 1e-9) + beyond
    return [round(step * place, 10) for place in range(first, last + 1)]
