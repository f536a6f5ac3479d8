"""Rows of ``overall`` and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from audit.complexity.diversity import wrong_auroc
from audit.complexity.scores import mean_complexity
from audit.complexity.ties import is_clear, tie_words
from audit.result import Verdict
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.complexity.case import Factor
    from audit.complexity.intrinsic_dimension import Dimension
    from audit.complexity.measures import Measures
    from audit.complexity.sharpness import Sharpness

Row = dict[str, Any]


def complexity_scores(measures: Measures, shortcuts: Sequence[Row]) -> list[Row]:
    """Return mean complexity, that of class and simplest attribute, their difference, and the correlation."""
    reading, case = measures.reading, measures.case
    if reading is None:
        return []
    n = float(len(case.measured))
    alive = measures.features.alive
    value, low, high, count = mean_complexity(reading.features, alive)
    rows: list[Row] = [
        {
            "score": "mean_complexity",
            "value": value,
            "low": low,
            "high": high,
            "n": n,
            "support": float(count),
            "null": reading.null,
        },
        {
            "score": "mean_complexity_small",
            "value": float(np.nanmean(np.where(alive, reading.small, np.nan))) if alive.any() else np.nan,
            "n": n,
            "support": float(count),
            "null": reading.null,
        },
    ]
    simplest = suspect(measures)
    for factor, score in ((case.label, "class_complexity"), (simplest, "attribute_complexity")):
        if factor is not None:
            found = reading.factors[factor.name]
            rows.append(
                {
                    "score": score,
                    "value": found.value[0],
                    "low": found.low[0],
                    "high": found.high[0],
                    "n": n,
                    "support": float(len(reading.layers)),
                    "null": reading.factor_null[factor.name],
                    "of": factor.name,
                }
            )
    first = next((row for row in shortcuts if simplest is not None and row["attribute"] == simplest.name), None)
    if first is not None:
        kept = ("value", "low", "high", "n", "null", "p_value", "q_value")
        rows.append({"score": "complexity_difference", **{key: first[key] for key in kept}, "of": first["row"]})
    rows.append(_correlation(measures))
    return rows


def suspect(measures: Measures) -> Factor | None:
    """Return the attribute that is held against the class: background or center where given, else the simplest."""
    reading, roles = measures.reading, measures.case.dataset.roles
    if reading is None:
        return None
    declared = [factor for factor in measures.case.attributes if factor.name in {roles.background, roles.center}]
    found = declared or measures.case.attributes
    return min(found, key=lambda factor: float(reading.factors[factor.name].value[0]), default=None)


def _correlation(measures: Measures) -> Row:
    """Return the rank correlation of complexity and importance over features, with Fisher's interval."""
    reading, importance = measures.reading, measures.importance
    row: Row = {"score": "complexity_importance_correlation", "null": 0.0, "n": float(len(measures.case.measured))}
    nothing = {"value": np.nan, "low": np.nan, "high": np.nan, "support": 0.0}
    if reading is None or importance is None:
        return {**row, **nothing}
    k, gamma = reading.features.value, importance.value
    known = np.isfinite(k) & np.isfinite(gamma) & measures.features.alive
    count = int(known.sum())
    if count < 5 or np.ptp(k[known]) == 0 or np.ptp(gamma[known]) == 0:
        return {**row, **nothing, "support": float(count)}
    found = stats.spearmanr(k[known], gamma[known])
    rho = float(found.statistic)
    # Bonett and Wright's error of a rank correlation on Fisher's scale.
    half = 1.96 * np.sqrt((1 + rho**2 / 2) / (count - 3))
    low, high = np.tanh(np.arctanh(np.clip(rho, -0.999999, 0.999999)) + np.asarray([-half, half]))
    return {
        **row,
        "value": rho,
        "low": float(low),
        "high": float(high),
        "support": float(count),
        "p_value": float(found.pvalue),
    }


def feature_scores(measures: Measures, features: Sequence[Row]) -> list[Row]:
    """Return how many shortcut candidates there are, stability, redundancy, noise and reconstruction."""
    n = float(len(measures.case.measured))
    atoms = [row for row in features if row["kind"] == "atom"]
    rows: list[Row] = [
        {
            "score": "shortcut_candidates",
            "value": float(sum(bool(row["shortcut_candidate"]) for row in features)),
            "n": n,
            "support": float(len(features)),
            "unit": "count",
        },
        {
            "score": "dictionary_fit",
            "value": measures.features.dictionary.explained,
            "n": float(int(measures.case.fitting.sum())),
            "support": float(len(atoms)),
            "unit": "share",
        },
    ]
    for score, column, null in (
        ("atom_stability", "stability", None),
        ("redundancy", "redundancy", None),
        ("noise_change", "noise_change", 0.0),
        ("sparsity", "sparsity", None),
    ):
        values = np.asarray([row[column] for row in atoms], dtype=np.float64)
        values = values[np.isfinite(values)]
        if len(values) < 2:
            continue
        mean, half = float(values.mean()), 1.96 * float(values.std(ddof=1)) / np.sqrt(len(values))
        row: Row = {"score": score, "value": mean, "low": mean - half, "high": mean + half, "n": n}
        rows.append({**row, "support": float(len(values)), **({"null": null} if null is not None else {})})
    if measures.reading is not None:
        found = measures.reading.features
        cells = float(found.r2.size)
        rows.append(
            {
                "score": "negative_r2",
                "value": float(found.negative.sum()) / cells,
                "n": n,
                "support": cells,
                "unit": "share",
            }
        )
    return rows


def dimension_scores(found: Mapping[str, Dimension]) -> list[Row]:
    """Return the intrinsic dimension of the embeddings."""
    names = {"mle": "intrinsic_dimension", "twonn": "intrinsic_dimension_twonn"}
    return [
        {"score": names[key], "value": one.value, "low": one.low, "high": one.high, "n": float(one.n)}
        for key, one in found.items()
    ]


def sharpness_scores(found: Mapping[str, Sharpness]) -> list[Row]:
    """Return label sharpness: the largest and the 99.9 % quantile, by space."""
    rows: list[Row] = []
    for space, one in found.items():
        tail = "" if space == "embeddings" else f"_{space}"
        rows.append(
            {
                "score": f"label_sharpness{tail}",
                "value": one.value,
                "n": float(one.n),
                "support": float(one.count),
            }
        )
        rows.append(
            {
                "score": f"label_sharpness_quantile{tail}",
                "value": one.quantile,
                "low": one.low,
                "high": one.high,
                "n": float(one.n),
                "support": float(one.count),
            }
        )
    return rows


def diversity_scores(measures: Measures) -> list[Row]:
    """Return how well low feature diversity, and a low largest probability, tell wrong answers."""
    case = measures.case
    column = case.dataset.roles.label
    if measures.predicted is None or column is None:
        return []
    truth = case.dataset.metadata[column]
    rows_known = case.rows[truth.iloc[case.rows].notna().to_numpy()]
    owner = np.unique(case.owner[np.isin(case.rows, rows_known)], return_inverse=True)[1]
    label = truth.iloc[rows_known].astype("str").to_numpy(dtype=np.str_)
    wrong = measures.predicted[rows_known] != label
    rows: list[Row] = []
    for score, values in (("diversity_auroc", measures.diversity), ("confidence_auroc", measures.confidence)):
        if values is None:
            continue
        found = wrong_auroc(values[rows_known], wrong, owner)
        rows.append(
            {
                "score": score,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": float(len(wrong)),
                "support": float(min(found.wrong, found.right)),
                "null": 0.5,
                "p_value": found.p_value,
            }
        )
    return rows


def verdict(measures: Measures, overall: Sequence[Row], features: Sequence[Row]) -> Verdict:
    """Return the answer in one sentence."""
    scores = {row["score"]: row for row in overall}
    if measures.reading is None:
        return Verdict(
            state="not_computed",
            sentence=f"Complexity could not be computed, because {measures.why_not}.",
            score="intrinsic_dimension" if "intrinsic_dimension" in scores else "",
        )
    against = scores.get("attribute_complexity", {}).get("of", "")
    tail = _candidates(features, str(against))
    gap = scores.get("complexity_difference")
    if gap is not None and np.isfinite(gap["value"]):
        return _shortcut_verdict(gap, scores, tail)
    row = scores["complexity_importance_correlation"]
    if not np.isfinite(row["value"]):
        mean = scores["mean_complexity"]
        said = f"Features have a mean complexity of {_with_interval(mean)}; their importance could not be measured."
        return Verdict(state="not_computed", sentence=said + tail, score="mean_complexity")
    words = f"rank correlation {_with_interval(row)} over {row['support']:.0f} features"
    if row["low"] > 0 or row["high"] < 0:
        which = "simple" if row["value"] < 0 else "complex"
        said = f"The answers rest more on {which} features: {words}."
        return Verdict(state="differs", sentence=said + tail, score=row["score"])
    said = f"Important features are neither simpler nor more complex than others: {words}."
    return Verdict(state="no_difference", sentence=said + tail, score=row["score"])


def _shortcut_verdict(gap: Row, scores: Mapping[str, Row], tail: str) -> Verdict:
    attribute, label = scores["attribute_complexity"], scores["class_complexity"]
    numbers = (
        f"complexity {format_value(attribute['value'])} against {format_value(label['value'])}, "
        f"difference {_with_interval(gap)}"
    )
    name, own = attribute["of"], label["of"]
    q = gap["q_value"]
    if gap["high"] < 0 and q < 0.05:
        said = f"The {name} can be read from earlier layers than the {own}: {numbers}."
        return Verdict(state="differs", sentence=said + tail, score="complexity_difference")
    if gap["low"] > 0 and q < 0.05:
        said = f"The {name} can only be read from later layers than the {own}: {numbers}."
        return Verdict(state="differs", sentence=said + tail, score="complexity_difference")
    said = f"The {name} is not read from clearly earlier layers than the {own}: {numbers}."
    return Verdict(state="no_difference", sentence=said + tail, score="complexity_difference")


def _with_interval(row: Mapping[str, Any]) -> str:
    interval = format_interval(row["low"], row["high"])
    return format_value(row["value"]) + (f" (95 % interval {interval})" if interval else "")


def _candidates(features: Sequence[Row], against: str) -> str:
    """Return the shortcut candidates in words: those tied to the suspected attribute first, then by strength.

    Those without a clear tie are counted, not named.
    """
    candidates = [row for row in features if row["shortcut_candidate"]]
    named = sorted(
        (row for row in candidates if is_clear(row)),
        key=lambda row: (not (against and row["tied_to"].startswith(f"{against} ")), -row["association"]),
    )
    weak = len(candidates) - len(named)
    if not candidates:
        return " No simple and important feature is tied to an attribute."
    if not named:
        return f" No simple and important feature is clearly tied to an attribute, {weak} weakly."
    shown = ", ".join(f"{row['row']} ({tie_words(row)})" for row in named[:3])
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    further = f"; {weak} further with no clear tie" if weak else ""
    return f" Shortcut candidates, features both simple and important: {shown}{more}{further}."
