"""Rows of the table by subgroup for what was searched for: bad crossings of attributes, and error slices.

Half of the samples (whole group_ids) is searched, the other half tests what was found; the numbers shown are the
second half's.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.counts import Coded
from audit.group_ids import difference_test, group_counts, split_halves
from audit.significance import adjust_p_values, fisher_exact
from audit.statistics import divide, proportion_interval
from audit.subgroups.error_slices import find_error_slices, name_slices
from audit.subgroups.group_rows import where_text
from audit.subgroups.inputs import Attribute
from audit.subgroups.overall import LEVEL, effective_by
from audit.subgroups.slice_tests import FoldedSlice, fold_slices, slice_tests
from audit.subgroups.slices import Slice, search_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.significance import Correction
    from audit.statistics import IntervalMethod
    from audit.subgroups.group_rows import Rows
    from audit.subgroups.inputs import Inputs

SEARCHED = 40
"""Slices taken from the search before near-equal ones are merged."""

FEWEST_TO_FIT = 200
"""Below this number of samples in a half, look-alike groups are not searched for."""

LEAST_CONFUSION = 0.05
"""A group is listed when some class is predicted there at least so much more often than it occurs."""

MOST_TO_FIT = 20_000
"""Look-alike groups are fitted on at most so many samples; all samples are then assigned to them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Searched:
    """Rows of a search, and what it says about each sample.

    Parameters
    ----------
    rows
        Rows for the table by subgroup.
    of_sample
        Name of the best confirmed slice that holds each row, or its error slice; "" for none.
    notes
        What was left out, and why.
    """

    rows: Rows
    of_sample: NDArray[np.str_] | None
    notes: list[str]


def slice_rows(
    inputs: Inputs, method: IntervalMethod, *, alpha: float, depth: int, n_min: int, draws: int, seed: int
) -> Searched:
    """Search the crossings of label and attributes for slices with many errors, and test them on held-out samples.

    Parameters
    ----------
    inputs
        Coded columns.
    method
        Of the intervals.
    alpha, depth, n_min
        Of :func:`audit.subgroups.slices.search_slices`; ``n_min`` counts samples of the half that is searched.
    draws, seed
        Of the permutations and the split.

    Returns
    -------
    Searched
        Rows of kind ``slice``, best first, nested ones with their ``parent``.
    """
    columns = [Attribute(inputs.label_column, inputs.label_column, inputs.label), *inputs.attributes]
    half = split_halves(len(inputs.correct), inputs.group_id, seed)
    wrong = ~inputs.correct
    if half.sum() < 2 * n_min or not wrong[half].any():
        reason = "no errors" if not wrong[half].any() else f"fewer than {2 * n_min} samples"
        return Searched([], None, [f"slices were not searched: {reason} in the half to search"])
    searched = [Coded(each.coded.codes[half], each.coded.levels) for each in columns]
    found = search_slices(wrong[half].astype(np.float64), searched, alpha=alpha, depth=depth, n_min=n_min, k=SEARCHED)
    if not found:
        return Searched([], None, [f"no slice of at least {n_min} samples has more errors than its size warrants"])
    masks = np.column_stack([each.mask(searched) for each in found])
    folded = fold_slices(found, masks)
    kept = [found[each.place] for each in folded]
    members = np.column_stack([each.mask([column.coded for column in columns]) for each in kept])
    group_id = None if inputs.group_id is None else inputs.group_id[~half]
    tests = slice_tests(wrong[~half], members[~half], draws=draws, seed=seed, group_id=group_id)
    names = [_name(each, columns) for each in kept]
    rows = _confirmed(inputs, method, names, members & ~half[:, None])
    confirmed = np.nan_to_num(tests.p_adjusted, nan=1.0) < 1 - LEVEL
    of_sample = np.full(len(wrong), "", dtype=np.array(["", *names]).dtype)
    for place in reversed(range(len(kept))):
        if confirmed[place]:
            of_sample[members[:, place]] = names[place]
    overall = float(inputs.correct[~half].mean())
    described = [
        row
        | {
            "kind": "slice",
            "null": overall,
            "p_value": tests.p_value[i],
            "q_value": tests.p_adjusted[i],
            "slice_score": kept[i].score,
            "n_searched": kept[i].n,
            "accuracy_searched": 1 - kept[i].errors / kept[i].n,
            "parent": _parent(folded[i], folded, names),
            "merged": "; ".join(_name(found[other], columns) for other in folded[i].merged),
            "where": where_text({columns[c].column: columns[c].coded.levels[v] for c, v in kept[i].conditions}),
        }
        for i, row in enumerate(rows)
    ]
    return Searched(described, of_sample, [])


def _name(found: Slice, columns: Sequence[Attribute]) -> str:
    return " & ".join(f"{columns[c].name} = {columns[c].coded.levels[v]}" for c, v in found.conditions)


def _parent(each: FoldedSlice, folded: Sequence[FoldedSlice], names: Sequence[str]) -> str:
    if each.parent is None:
        return ""
    return names[[other.place for other in folded].index(each.parent)]


def _confirmed(inputs: Inputs, method: IntervalMethod, names: Sequence[str], members: NDArray[np.bool_]) -> Rows:
    """Accuracy and interval of each column of members (of the confirmation half)."""
    rows: Rows = []
    for name, member in zip(names, members.T, strict=True):
        k, n = effective_by(inputs, np.where(member, 0, -1), 1)
        interval = proportion_interval(k, n, LEVEL, method)
        count, right = int(member.sum()), int((member & inputs.correct).sum())
        rows.append(
            {
                "subgroup": name,
                "score": "accuracy",
                "unit": "share",
                "value": float(divide(right, count)),
                "low": float(interval.low[0]),
                "high": float(interval.high[0]),
                "n": count,
                "support": right,
            }
        )
    return rows


def error_slice_rows(
    inputs: Inputs,
    embeddings: NDArray[np.floating],
    method: IntervalMethod,
    correction: Correction,
    *,
    slices: int,
    seed: int,
    phrases: Sequence[str] = (),
    phrase_embeddings: NDArray[np.floating] | None = None,
) -> Searched:
    """Find groups of look-alike samples with many errors, without attributes, and test them on held-out samples.

    Parameters
    ----------
    inputs
        Labels and predictions.
    embeddings
        Shape (rows, d), of the rows of ``inputs``.
    method, correction
        Of the intervals and the p-values.
    slices
        Number of groups; fewer when there are few samples.
    seed
        Seed of the split and the fit.
    phrases, phrase_embeddings
        To name the groups with, where the model has a text encoder.

    Returns
    -------
    Searched
        Rows of kind ``error_slice``, the most confused first; a sample belongs to the slice named in
        ``by_sample["error_slice"]``.
    """
    classes = len(inputs.label.levels)
    half = split_halves(len(inputs.correct), inputs.group_id, seed)
    fit = np.flatnonzero(half & (inputs.prediction >= 0))
    if len(fit) < FEWEST_TO_FIT:
        return Searched(
            [], None, [f"look-alike groups with errors need {2 * FEWEST_TO_FIT} samples to be searched for"]
        )
    if len(fit) > MOST_TO_FIT:
        fit = np.sort(np.random.default_rng(seed).choice(fit, size=MOST_TO_FIT, replace=False))
    found = find_error_slices(
        embeddings[fit],
        inputs.label.codes[fit],
        inputs.prediction[fit],
        classes,
        slices=min(slices, len(fit) // 20),
        seed=seed,
    )
    assigned = found.assign(embeddings, inputs.label.codes)
    order = np.argsort(-found.confusion, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    assigned = rank[assigned]
    names = np.array([f"look-alikes {place + 1}" for place in range(len(order))])
    members = (assigned[:, None] == np.arange(len(order))) & ~half[:, None]
    p_value = _against_rest(inputs, members, half)
    rows = _confirmed(inputs, method, names.tolist(), members)
    described = _phrases(
        inputs, assigned, embeddings, phrases=phrases, phrase_embeddings=phrase_embeddings, slices=len(order)
    )
    confused = [found.confused_classes[place] for place in order]
    accuracy = float(inputs.correct[~half].mean())
    # Groups without a systematic confusion are no error slices; what is tested is what is listed.
    kept = [i for i, row in enumerate(rows) if row["n"] and found.confusion[order[i]] > LEAST_CONFUSION]
    listed_p = np.full(len(rows), np.nan)
    listed_p[kept] = p_value[kept]
    q_value = adjust_p_values(listed_p, correction)
    listed: list[dict[str, Any]] = [
        rows[i]
        | {
            "kind": "error_slice",
            "null": accuracy,
            "p_value": p_value[i],
            "q_value": q_value[i],
            "confusion": float(found.confusion[order[i]]),
            "confused": f"{inputs.label.levels[confused[i][1]]} taken for {inputs.label.levels[confused[i][0]]}",
            "phrases": ", ".join(described[i]),
            "where": where_text({"error_slice": str(names[i])}),
        }
        for i in kept
    ]
    notes = [] if listed else ["no group of look-alike samples has a systematic confusion"]
    return Searched(listed, names[assigned], notes)


def _against_rest(inputs: Inputs, members: NDArray[np.bool_], half: NDArray[np.bool_]) -> NDArray[np.float64]:
    """One-sided p of each slice against the rest of the confirmation half."""
    if inputs.group_id is None:
        n = members.sum(axis=0)
        k = (members & inputs.correct[:, None]).sum(axis=0)
        rest_n, rest_k = int((~half).sum()) - n, int((inputs.correct & ~half).sum()) - k
        return fisher_exact(k, n, rest_k, rest_n, alternative="less")
    place = np.where(half, -1, members.argmax(axis=1))
    counts = group_counts(place, inputs.correct, inputs.group_id, members.shape[1])
    two_sided = difference_test(counts, np.zeros(members.shape[1], dtype=np.int64))[1]
    right, n = counts.sum(counts.correct), counts.sum(counts.n)
    worse = divide(right, n) < divide(right.sum() - right, n.sum() - n)
    # One side of a symmetric test: only a lower accuracy counts.
    return np.where(worse, two_sided / 2, 1 - two_sided / 2)


def _phrases(
    inputs: Inputs,
    assigned: NDArray[np.int64],
    embeddings: NDArray[np.floating],
    *,
    phrases: Sequence[str],
    phrase_embeddings: NDArray[np.floating] | None,
    slices: int,
) -> list[tuple[str, ...]]:
    if phrase_embeddings is None or not len(phrases):
        return [()] * slices
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = np.divide(embeddings, length, out=np.zeros_like(embeddings, dtype=np.float64), where=length > 0)
    return name_slices(assigned, inputs.label.codes, unit, phrase_embeddings, phrases, slices=slices)
