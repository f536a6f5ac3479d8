"""Benchmark runs: many pairs of sets whose difference is known, graded by a judge or by a person.

    acc@1 = mean over pairs of s_1 / 2,   acc@5 = mean over pairs of max(s_1 .. s_5) / 2

s_i is the grade 0, 1 or 2 of the i-th phrase for set A (Dunlap et al., CVPR 2024). ``python -m
audit.differences.benchmark FOLDER --model open_clip:... --out graded.csv [--judge NAME --token-budget N]`` reads
VisDiffBench folders.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.differences.endpoint import Failure, endpoint_of, estimate_tokens
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import LanguageModel, Model
    from audit.store import Store

PHRASES = 5
PUBLISHED: Mapping[str, tuple[float, float]] = {"easy": (0.88, 0.99), "medium": (0.75, 0.86), "hard": (0.61, 0.80)}
"""Acc@1 and acc@5 of VisDiff by level (Dunlap et al. 2024), judged by GPT-4."""

GRADE: dict[str, Any] = {
    "type": "object",
    "properties": {"grade": {"type": "integer", "enum": [0, 1, 2]}},
    "required": ["grade"],
    "additionalProperties": False,
}
ANSWER_TOKENS = 600


def run_pairs(
    dataset: Dataset,
    model: Model,
    *,
    store: Store,
    settings: Mapping[str, Any] | None = None,
    judge: LanguageModel | None = None,
) -> pd.DataFrame:
    """Return the best phrases of every pair, with grades where there is a judge.

    Parameters
    ----------
    dataset
        With the columns ``level``, ``pair``, ``side`` (a or b), ``set_text`` and ``difference``.
    model
        That ranks.
    store
        Where outputs and results are kept.
    settings
        Parameters of the audit but its sets.
    judge
        Grades phrases; without one the grades are missing, for a person to fill in.

    Returns
    -------
    DataFrame
        Index ``pair``; ``level``, ``set1``, ``set2``, ``difference``, then ``phrase_i``, ``auroc_i``, ``grade_i`` for
        the five best, and ``problem``.
    """
    from audit.run import run

    needed = {"level", "pair", "side", "set_text", "difference"}
    if not needed <= set(dataset.metadata.columns):
        raise InputError(f"`dataset` must have the columns {', '.join(sorted(needed))}; '{dataset.name}' has not.")
    rows = []
    for pair, samples in dataset.metadata.groupby("pair", sort=False):
        texts = samples.groupby("side")["set_text"].first()
        row: dict[str, Any] = {
            "pair": str(pair),
            "level": str(samples["level"].iloc[0]),
            "set1": texts.get("a"),
            "set2": texts.get("b"),
            "difference": samples["difference"].iloc[0],
            "problem": "",
        }
        sets = {side: json.dumps({"pair": str(pair), "side": side}) for side in "ab"}
        try:
            found = run("set_difference", dataset, model, store=store, settings={**(settings or {}), **sets}).result
        except InputError as error:
            rows.append({**row, "problem": str(error)})
            continue
        table = found.by_group
        best = table[(table["kind"] == "hypothesis") & (table["truer_of"] == "A")].head(PHRASES)
        for place, (phrase, facts) in enumerate(best.iterrows(), start=1):
            row |= {f"phrase_{place}": str(phrase), f"auroc_{place}": float(facts["value"])}
            if judge is not None:
                row[f"grade_{place}"], problem = grade(judge, str(phrase), row)
                row["problem"] = row["problem"] or problem
        rows.append(row)
    columns = ["pair", "level", "set1", "set2", "difference"]
    columns += [f"{name}_{i}" for i in range(1, PHRASES + 1) for name in ("phrase", "auroc", "grade")]
    return pd.DataFrame(rows).reindex(columns=[*columns, "problem"]).set_index("pair")


def question(phrase: str, pair: Mapping[str, Any]) -> str:
    """Return what a judge is asked."""
    return "\n".join(
        [
            "Set A shows the first of two things and set B the second. A phrase is said to be truer of set A.",
            f"Set A: {pair['set1']}. Set B: {pair['set2']}. Known difference: {pair['difference']}.",
            f"Phrase: {phrase}",
            "Grade it: 2 when it names what sets A apart from B, 1 when it is partly or loosely so, 0 when not.",
            'Answer with JSON alone: {"grade": 0, 1 or 2}',
        ]
    )


def grade(judge: LanguageModel, phrase: str, pair: Mapping[str, Any]) -> tuple[float, str]:
    """Return the grade 0, 1 or 2, or NaN and the reason."""
    try:
        text = judge.complete(question(phrase, pair), schema=GRADE)
        value = json.loads(text.strip().removeprefix("```json").removeprefix("```").removesuffix("```"))["grade"]
    except Failure as error:
        return float("nan"), str(error)
    except (json.JSONDecodeError, KeyError, TypeError):
        return float("nan"), "the judge's answer was no grade"
    if value not in (0, 1, 2) or isinstance(value, bool):
        return float("nan"), "the judge's answer was no grade"
    return float(value), ""


def accuracy(graded: pd.DataFrame) -> pd.DataFrame:
    """Return acc@1 and acc@5 by level, with the number of graded pairs; NaN where none is graded.

    Parameters
    ----------
    graded
        As :func:`run_pairs` returns it, grades filled in by a judge or by hand.
    """
    grades = graded[[f"grade_{i}" for i in range(1, PHRASES + 1)]].astype("float64")
    proposed = graded[[f"phrase_{i}" for i in range(1, PHRASES + 1)]].notna().to_numpy()
    # A pair counts when every phrase that was proposed has its grade; one without any phrase has found nothing.
    whole = ((grades.notna().to_numpy() | ~proposed).all(axis=1)) & graded["problem"].fillna("").eq("").to_numpy()
    first = np.nan_to_num(grades["grade_1"].to_numpy()) / 2
    best = np.nan_to_num(grades.to_numpy()).max(axis=1) / 2
    rows = []
    for level in dict.fromkeys(graded["level"]):
        here = whole & (graded["level"] == level).to_numpy() & proposed.any(axis=1)
        values = (first[here].mean(), best[here].mean()) if here.any() else (np.nan, np.nan)
        rows.append({"level": level, "acc_at_1": values[0], "acc_at_5": values[1], "n": int(here.sum())})
    return pd.DataFrame(rows).set_index("level")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m audit.differences.benchmark", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--judge", default=None, help="model of the endpoint that grades; its address is in MODEL_AUDIT_ENDPOINT"
    )
    parser.add_argument("--token-budget", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="FIELD=VALUE")
    given = parser.parse_args(arguments)
    try:
        told = _benchmark(given)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{told}\n")
    return 0


def _benchmark(given: argparse.Namespace) -> str:
    from audit.locations import store_folder
    from audit.models import load_model
    from audit.readers import load_dataset
    from audit.store import Store

    dataset, model = load_dataset(given.folder, reader="visdiff_bench"), load_model(given.model)
    settings = dict(text.split("=", 1) for text in given.settings)
    judge = _judge(given, dataset)
    table = run_pairs(dataset, model, store=Store(store_folder()), settings=settings, judge=judge)
    table.to_csv(given.out)
    return f"{accuracy(table).round(3).to_string()}\nWritten to {given.out}."


def _judge(given: argparse.Namespace, dataset: Dataset) -> Any:
    """Return who grades, once the budget is enough.

    Raises
    ------
    InputError
        If there is no endpoint, or the budget is smaller than what grading every phrase may take.
    """
    if given.judge is None:
        return None
    judge = endpoint_of(given.judge)
    if judge is None:
        raise InputError("`judge` needs an endpoint: set MODEL_AUDIT_ENDPOINT to its address.")
    asked = question("x" * 60, {"set1": "x" * 60, "set2": "x" * 60, "difference": "x" * 60})
    cost = dataset.metadata["pair"].nunique() * PHRASES * (estimate_tokens(asked) + ANSWER_TOKENS)
    if cost > given.token_budget:
        raise InputError(f"`token-budget` must be at least {cost} for these pairs; got {given.token_budget}.")
    return judge


if __name__ == "__main__":
    sys.exit(main())
