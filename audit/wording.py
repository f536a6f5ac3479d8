"""Numbers in words: the same value reads the same on the page, in a report and on the command line."""

from __future__ import annotations

import math


def format_value(value: float, unit: str = "") -> str:
    """Return a value as text: shares as ``92.9 %``, differences of shares as ``+3.2 points``, the rest as ``.257``.

    Parameters
    ----------
    value
        The number; NaN becomes ``not defined``.
    unit
        ``share``, ``points``, ``count``, or anything else for a plain index.
    """
    if value is None or not math.isfinite(value):
        return "not defined"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "points":
        return f"{100 * value:+.1f} points"
    if unit == "count":
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:,.1f}"
    # Small values keep two significant digits, so that a variance of .00017 is not written as nothing.
    decimals = 3 if value == 0 or abs(value) >= 0.01 else min(8, 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def format_interval(low: float, high: float, unit: str = "") -> str:
    """Return ``low to high`` in the unit; empty where there is no interval."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if unit == "share":
        return f"{100 * low:.1f} to {100 * high:.1f} %"
    if unit == "points":
        return f"{100 * low:+.1f} to {100 * high:+.1f} points"
    return f"{format_value(low, unit)} to {format_value(high, unit)}"


def format_p(p_value: float) -> str:
    """Return ``p = .012`` or ``p < .001``; empty when undefined."""
    if p_value is None or not math.isfinite(p_value):
        return ""
    return "p < .001" if p_value < 0.001 else f"p = {format_value(p_value)}"
