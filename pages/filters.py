"""Cross-filter of the samples by anything known of them; the link holds it as JSON of column to values or range."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from audit.errors import InputError
from audit.wording import plural
from pages.job_panel import escape_markdown
from pages.selection import cell_text

if TYPE_CHECKING:
    from pages.state import PageState

PARAMETER = "filter"
"""Name of the filter in the link."""

MOST_VALUES = 200
"""Values of one column that are offered at most, the most frequent first."""

_FEW_NUMBERS = 8
_STEPS = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filter:
    """What the values of one column must be.

    Parameters
    ----------
    among
        Any of these, compared as text; empty where a range is meant.
    low, high
        Both ends belong to the range; samples without a value are outside it.
    """

    among: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def mask(self, column: pd.Series[Any]) -> np.ndarray:
        """Return which samples pass."""
        if self.among:
            return np.asarray(as_text(column).isin(self.among))
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
        with np.errstate(invalid="ignore"):
            return (numbers >= self.low) & (numbers <= self.high)

    def words(self) -> str:
        """Return the condition without its column: ``cat or dog``, ``.2 to .5``."""
        if self.among:
            return " or ".join(self.among)
        if math.isinf(self.low):
            return f"at most {cell_text(self.high)}"
        if math.isinf(self.high):
            return f"at least {cell_text(self.low)}"
        return f"{cell_text(self.low)} to {cell_text(self.high)}"

    def plain(self) -> Any:
        """Return it as the JSON that a link holds."""
        if self.among:
            return list(self.among)
        return [None if math.isinf(end) else end for end in (self.low, self.high)]


def read_filters(text: str) -> dict[str, Filter]:
    """Return the filters that a link holds, by column.

    Raises
    ------
    InputError
        If the text is not a JSON object of column to a list of texts or to two numbers (null for an open end).
    """
    problem = f"`{PARAMETER}` must be a JSON object of column to values or to two numbers; got '{text}'."
    try:
        held = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise InputError(problem) from error
    if not isinstance(held, dict):
        raise InputError(problem)
    found = {}
    for column, wanted in held.items():
        if not isinstance(wanted, list) or not wanted:
            raise InputError(problem)
        if all(isinstance(value, str) for value in wanted):
            found[column] = Filter(among=tuple(wanted))
        elif len(wanted) == 2 and all(value is None or _is_number(value) for value in wanted):
            low, high = wanted
            found[column] = Filter(
                low=-math.inf if low is None else float(low), high=math.inf if high is None else float(high)
            )
        else:
            raise InputError(problem)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def filters_text(filters: Mapping[str, Filter]) -> str:
    """Return filters as the text that a link holds, empty for none."""
    if not filters:
        return ""
    return json.dumps({column: held.plain() for column, held in filters.items()}, ensure_ascii=False)


def as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column's values as people read them; missing ones are ``none``."""
    text = column.astype("str")
    return text.where(column.notna(), "none")


def is_range(column: pd.Series[Any]) -> bool:
    """Return whether a column is filtered by a range: numbers, more than a few of them."""
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return bool(number) and int(column.nunique()) > _FEW_NUMBERS


def show_filters(
    options: Mapping[str, str], values_of: Callable[[str], pd.Series[Any] | None], state: PageState, n: int
) -> tuple[np.ndarray | None, str]:
    """Show the cross-filter and return the mask of the samples that pass it, ``None`` without one, and its words.

    Parameters
    ----------
    options
        Columns that can be filtered by, with their words.
    values_of
        Returns a column's values, aligned to the samples; ``None`` when it no longer exists.
    state
        The page's state; holds the filter.
    n
        Samples.
    """
    try:
        held = read_filters(state[PARAMETER])
    except InputError as error:
        st.warning(escape_markdown(str(error)), icon=":material/link_off:")
        held = {}
    known = {column: values for column in held if (values := values_of(column)) is not None}
    for column in [column for column in held if column not in known]:
        st.warning(f"There is no column “{escape_markdown(column)}” to filter by.", icon=":material/link_off:")
    kept = {column: held[column] for column in known}
    label = f"Filter ({len(kept)})" if kept else "Filter"
    with st.popover(label, icon=":material/filter_alt:", width="content"):
        changed = _show_form(options, values_of, kept)
    if filters_text(changed) != filters_text(kept):
        state.update({PARAMETER: filters_text(changed) or None, "page": None, "sample": None})
        st.rerun()
    if not kept:
        return None, ""
    mask = np.ones(n, dtype=bool)
    for column, values in known.items():
        mask &= kept[column].mask(values)
    return mask, ", ".join(f"{_short(options.get(column, column))} {kept[column].words()}" for column in kept)


def _short(words: str) -> str:
    """Return a column's words without the title of the audit that made it."""
    return words.rpartition(": ")[2]


def _show_form(
    options: Mapping[str, str], values_of: Callable[[str], pd.Series[Any] | None], kept: Mapping[str, Filter]
) -> dict[str, Filter]:
    """Show one field a column and return the filters as they are set now."""
    name = "filter columns"
    # The link decides; what was chosen but not yet narrowed down stays beside it.
    chosen = [column for column in st.session_state.get(name, []) if column in options]
    if st.session_state.get("filter linked") != list(kept):
        chosen = list(dict.fromkeys([*(c for c in chosen if c in kept), *kept]))
    st.session_state[name] = chosen
    st.multiselect(
        "Only samples with",
        list(dict.fromkeys([*options, *kept])),
        key=name,
        format_func=lambda column: options.get(column, column),
        placeholder="attribute, score or prediction",
        help="Samples must meet every condition. The others turn grey on the map.",
    )
    changed: dict[str, Filter] = {}
    for column in st.session_state[name]:
        values = values_of(column)
        if values is None:
            continue
        found = _show_field(column, options.get(column, column), values, kept.get(column))
        if found is not None:
            changed[column] = found
    if kept and st.button("Lift all filters", icon=":material/filter_alt_off:", key="lift filters"):
        changed = {}
        st.session_state.pop(name)
    st.session_state["filter linked"] = list(changed)
    return changed


def _show_field(column: str, words: str, values: pd.Series[Any], held: Filter | None) -> Filter | None:
    words = escape_markdown(words)
    if is_range(values):
        return _show_range(column, words, values, held)
    counts = as_text(values).value_counts()
    offered = list(dict.fromkeys([*counts.index[:MOST_VALUES], *(held.among if held else ())]))
    picked = st.multiselect(
        words,
        offered,
        default=list(held.among) if held else [],
        # The key holds the link's values: the field is new when somebody else changed them.
        key=f"filter {column} {held.plain() if held else ''}",
        format_func=lambda value: f"{value} ({counts.get(value, 0):,})",
        placeholder="any value",
    )
    if len(counts) > MOST_VALUES:
        st.caption(f"The {MOST_VALUES} most frequent of {plural(len(counts), 'value')}.")
    return Filter(among=tuple(picked)) if picked else None


def _show_range(column: str, words: str, values: pd.Series[Any], held: Filter | None) -> Filter | None:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    low, high, step = slider_ends(numbers)
    start = (max(low, held.low), min(high, held.high)) if held else (low, high)
    if not low <= start[0] <= start[1] <= high:
        start = (low, high)
    first, last = st.slider(
        words,
        low,
        high,
        start,
        step=step,
        format="%.4g",
        key=f"filter {column} {held.plain() if held else ''}",
    )
    if held is None and (first, last) == (low, high):
        return None
    if (first, last) == start and held is not None:
        return held
    # An end left at the column's own end is open: rounding must not cut off its largest value.
    found = Filter(low=first if first > low else -math.inf, high=last if last < high else math.inf)
    return None if math.isinf(found.low) and math.isinf(found.high) else found


def slider_ends(numbers: np.ndarray) -> tuple[float, float, float]:
    """Return the ends and the step of a slider over numbers: round ones that hold them all."""
    least, most = float(numbers.min()), float(numbers.max())
    step = 10.0 ** math.floor(math.log10((most - least) / _STEPS)) if most > least else 1.0
    step = max(step, 1.0) if bool(np.equal(numbers, np.round(numbers)).all()) else step
    digits = max(0, -math.floor(math.log10(step)))
    low, high = round(math.floor(least / step) * step, digits), round(math.ceil(most / step) * step, digits)
    return low, high if high > low else low + step, step
