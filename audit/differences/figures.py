"""The drawings of the set difference page, from the result's tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.differences.rows import cosine, phrase_of
from audit.plots import OKABE_ITO, interval_figure
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.result import Result

A_COLOUR, B_COLOUR = OKABE_ITO[0], OKABE_ITO[5]
DRAWN = 8
"""Hypotheses a direction in the main figure."""


LETTERS = 32
"""Letters of a phrase beside the plot."""


def page_figures(result: Result) -> tuple[Figure, ...]:
    """Return the hypotheses, the best one's scores, caption terms, classes and class attributes."""
    rows = result.by_group
    drawn = [
        _hypotheses(result),
        _best_scores(result),
        _differences(rows[rows["kind"] == "caption_term"], "What captions say", "share of A minus share of B", result),
        _differences(rows[rows["kind"] == "class_mix"], "Class mix", "share of A minus share of B", result),
        _attributes(rows[rows["kind"] == "class_attribute"]),
    ]
    return tuple(figure for figure in drawn if figure is not None)


def set_words(result: Result) -> tuple[str, str]:
    """Return what A and B are, in words."""
    return str(result.settings.get("words_a", "A")), str(result.settings.get("words_b", "B"))


def _hypotheses(result: Result) -> Figure | None:
    rows = result.by_group[result.by_group["kind"] == "hypothesis"]
    if rows.empty:
        return None
    best = pd.concat([rows[rows["truer_of"] == letter].head(DRAWN) for letter in "AB"])
    top = best.iloc[0]
    # In the table's order, in which an AUROC equal to two decimals gives way to the larger difference of shares.
    best = best.iloc[np.argsort(-best["value"].round(2).to_numpy(dtype=float), kind="stable")]
    labels = [f"{row['truer_of']}: {_short(str(name))}" for name, row in best.iterrows()]
    figure = interval_figure(best, null=0.5, labels=labels, order="given", axis_title="AUROC on the half that tests")
    words = set_words(result)
    text = (
        f"The best hypotheses for A ({words[0]}) and for B ({words[1]}); “{top.name}” has AUROC "
        f"{format_value(float(top['value']))}, 95 % interval {format_interval(float(top['low']), float(top['high']))}."
    )
    return Figure(title="Phrases truer of A or of B", figure=figure, text=text)


def _short(phrase: str) -> str:
    """Return a phrase that leaves room for the plot on a narrow screen; the table has it whole."""
    return phrase if len(phrase) <= LETTERS else f"{phrase[:LETTERS].rsplit(' ', 1)[0]} …"


def _best_scores(result: Result) -> Figure | None:
    rows = result.by_group[result.by_group["kind"] == "hypothesis"]
    phrases = [phrase for phrase in map(phrase_of, rows["where"]) if phrase] if len(rows) else []
    return score_figure(result, phrases[0]) if phrases else None


def score_figure(result: Result, phrase: str) -> Figure | None:
    """Draw how the images of both sets score for a phrase; ``None`` when its scores were not kept."""
    import plotly.graph_objects as go

    samples = result.by_sample
    if cosine(phrase) not in samples.columns:
        return None
    tested = samples[samples["half"] == "validate"]
    values = tested[cosine(phrase)].to_numpy(dtype=float)
    edges = np.histogram_bin_edges(values[np.isfinite(values)], bins=30)
    middles, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0])
    figure = go.Figure()
    words = set_words(result)
    for letter, name, colour in (("A", words[0], A_COLOUR), ("B", words[1], B_COLOUR)):
        inside = values[(tested["set"] == letter).to_numpy(dtype=bool)]
        share = np.histogram(inside, bins=edges)[0] / max(len(inside), 1)
        pattern = {"shape": "" if letter == "A" else "/", "fgcolor": colour, "fillmode": "replace"}
        figure.add_bar(
            x=middles,
            y=share,
            width=width,
            marker={"color": colour, "line": {"width": 0}, "pattern": pattern},
            opacity=0.9,
            name=f"{letter}: {name}",
            hovertemplate="%{y:.1%}<extra></extra>",
        )
    row = result.by_group[(result.by_group["kind"] == "hypothesis") & (result.by_group.index == phrase)].iloc[0]
    figure.add_vline(
        x=float(row["threshold"]),
        line={"dash": "dash", "color": "#8A96A1", "width": 2},
        annotation={
            "text": "counted as showing it →",
            "xanchor": "left",
            "yanchor": "bottom",
            "y": 1,
            "font": {"size": 13},
        },
    )
    figure.update_layout(
        barmode="overlay",
        bargap=0,
        height=380,
        margin={"t": 36},
        xaxis={"title": {"text": f"cosine of image and “{phrase}”"}},
        yaxis={"title": {"text": "share of the set"}, "tickformat": ".0%"},
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
    )
    text = (
        f"Scores of “{phrase}” on the validate half; {format_value(float(row['prevalence_a']), 'share')} of A and "
        f"{format_value(float(row['prevalence_b']), 'share')} of B lie above the dashed threshold."
    )
    return Figure(title=f"Scores of “{phrase}”", figure=figure, text=text)


def _differences(rows: pd.DataFrame, title: str, axis: str, result: Result) -> Figure | None:
    rows = rows[np.isfinite(rows["value"].to_numpy(dtype=float))]
    if rows.empty:
        return None
    rows = rows.iloc[np.argsort(rows["p_value"].to_numpy(dtype=float), kind="stable")].head(20)
    rows = rows.iloc[np.argsort(-rows["value"].to_numpy(dtype=float), kind="stable")]
    figure = interval_figure(rows, null=0.0, order="given", axis_title=axis)
    words = set_words(result)
    text = f"Right of the dashed line: more often in A ({words[0]}); left of it: more often in B ({words[1]})."
    return Figure(title=title, figure=figure, text=text)


def _attributes(rows: pd.DataFrame) -> Figure | None:
    if rows.empty:
        return None
    labels = [f"{row['belongs_to']}: {name}" for name, row in rows.iterrows()]
    figure = interval_figure(rows, null=0.5, labels=labels, order="given", axis_title="AUROC, A against B")
    classes: list[Any] = list(dict.fromkeys(rows["belongs_to"]))
    text = f"What separates the names {' and '.join(map(str, classes))}: right of .5, the confused images show it more."
    return Figure(title="What tells the two classes apart", figure=figure, text=text)
