"""The tables of a set difference: a row a hypothesis, the scores, and what is known of each sample."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.differences.ranking import Ranked, simplify, trust

if TYPE_CHECKING:
    from audit.differences.halves import Division

SHOWN = 10
"""Hypotheses a direction whose scores are kept for every sample."""


def shows(phrase: str) -> str:
    """Return the column that says which samples show a phrase."""
    return f"shows “{phrase}”"


def cosine(phrase: str) -> str:
    """Return the column of a phrase's scores."""
    return f"cosine “{phrase}”"


def phrase_of(where: str) -> str:
    """Return the phrase that a ``where`` is about; empty for any other."""
    try:
        found = json.loads(where or "{}")
    except json.JSONDecodeError:
        return ""
    names = [name for name in found if name.startswith("shows “")] if isinstance(found, dict) else []
    return names[0].removeprefix("shows “").removesuffix("”") if names else ""


def hypothesis_rows(
    phrases: list[str], sources: list[str], families: dict[str, str], vectors: np.ndarray, ranked: Ranked
) -> list[dict[str, Any]]:
    """Return one row a hypothesis that stays after merging, the best first.

    Parameters
    ----------
    phrases, sources
        What was tested and who proposed it.
    families
        Family of the vocabulary's concepts.
    vectors
        Unit vectors of the phrases.
    ranked
        What the validate half says.
    """
    kept, merged = simplify(phrases, vectors, ranked)
    difference, low, high = ranked.difference()
    written = [0, 0]
    rows = []
    for i in kept:
        direction = int(ranked.direction[i])
        written[direction] += 1
        others = list(dict.fromkeys(phrases[j] for j in merged[i] if phrases[j] != phrases[i]))
        told = list(dict.fromkeys([sources[i], *(sources[j] for j in merged[i] if phrases[j] == phrases[i])]))
        where = {shows(phrases[i]): "yes"} if written[direction] <= SHOWN else {"set": "AB"[direction]}
        value = float(ranked.auroc.value[i])
        words, right = trust(value)
        rows.append(
            {
                "hypothesis": phrases[i],
                "kind": "hypothesis",
                "unit": "",
                "value": value,
                "low": float(ranked.auroc.low[i]),
                "high": float(ranked.auroc.high[i]),
                "n": float(sum(ranked.n)),
                "null": 0.5,
                "p_value": float(ranked.auroc.p_value[i]),
                "q_value": float(ranked.q_value[i]),
                "truer_of": "AB"[direction],
                "difference": float(difference[i]),
                "difference_low": float(low[i]),
                "difference_high": float(high[i]),
                "prevalence_a": float(ranked.prevalence(0)[i]),
                "prevalence_b": float(ranked.prevalence(1)[i]),
                "trust_band": f"AUROC {words}: right in {100 * right:.0f} %",
                "source": " and ".join(told),
                "family": families.get(phrases[i], ""),
                "stands_for": ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else ""),
                "p_best_of_many": float(ranked.p_max[i]),
                "threshold": float(ranked.threshold[i]),
                "where": json.dumps(where, ensure_ascii=False),
            }
        )
    return rows


def sample_columns(
    index: pd.Index[str],
    division: Division,
    phrases: list[str],
    scores: np.ndarray | None,
    rows: list[dict[str, Any]],
) -> pd.DataFrame:
    """Return set and half of every sample, and for the best hypotheses score and whether it is shown."""
    letters = np.asarray(["A", "B", ""], dtype=object)
    columns: dict[str, Any] = {
        "set": pd.Series(letters[division.side], index=index, dtype="str").where(division.side >= 0),
        "half": pd.Series(np.where(division.validate, "validate", "propose"), index=index, dtype="str").where(
            division.side >= 0
        ),
    }
    place = {phrase: i for i, phrase in enumerate(phrases)}
    for row in rows:
        phrase = str(row["hypothesis"])
        if scores is None or row["kind"] != "hypothesis" or phrase_of(row["where"]) != phrase:
            continue
        values = scores[place[phrase]]
        columns[cosine(phrase)] = values.astype(np.float32)
        inside = np.where(values > row["threshold"], "yes", "no")
        columns[shows(phrase)] = pd.Series(inside, index=index, dtype="str").where(division.side >= 0)
    return pd.DataFrame(columns, index=index).rename_axis("sample_id")


def overall_rows(
    ranked: Ranked | None,
    hypotheses: list[dict[str, Any]],
    terms: list[dict[str, Any]],
    control: int | None,
    mix: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the scores.

    Parameters
    ----------
    ranked
        Every hypothesis that was tested; ``None`` without a text encoder.
    hypotheses
        Those that stay after merging, the best first.
    terms
        The caption terms' rows.
    control
        Hypotheses that pass when a set is compared with itself; ``None`` when that was not done.
    mix
        The classes' rows.
    """
    nan = float("nan")
    top: dict[str, Any] = {"score": "top_auroc", "value": nan, "unit": ""}
    if ranked is not None and hypotheses:
        best = next((row for row in hypotheses if row["q_value"] < 0.05), hypotheses[0])
        top |= {name: best[name] for name in ("value", "low", "high", "n", "q_value")}
        top |= {"support": float(len(ranked.direction)), "null": ranked.null_max, "p_value": best["p_best_of_many"]}
    passed = int(ranked.significant().sum()) if ranked is not None else sum(row["q_value"] < 0.05 for row in terms)
    tested = len(ranked.direction) if ranked is not None else len(terms)
    rows = [
        top,
        {"score": "significant_hypotheses", "value": float(passed), "support": float(tested), "null": 0.0},
        {
            "score": "control_significant_hypotheses",
            "value": nan if control is None else float(control),
            "null": 0.0,
        },
    ]
    if terms:
        found = sum(row["q_value"] < 0.05 for row in terms)
        rows.append(
            {"score": "significant_caption_terms", "value": float(found), "support": float(len(terms)), "null": 0.0}
        )
    rows = [{**row, "unit": row.get("unit", "count")} for row in rows]
    if mix:
        largest = max(mix, key=lambda row: abs(row["value"]))
        rows.append(
            {key: largest[key] for key in ("value", "low", "high", "null", "p_value", "q_value", "unit")}
            | {"score": "largest_class_difference", "support": float(len(mix))}
        )
    return rows
