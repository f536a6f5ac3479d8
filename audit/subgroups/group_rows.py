"""Rows of the table by subgroup: subgroups, classes, cells, crossings and attributes.

Every row of a rate has its interval, n, the rate of the rest as null, p against the rest and q within its kind.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.group_ids import difference_test, group_counts
from audit.significance import adjust_p_values, fisher_exact, permutation_p_value
from audit.statistics import detectable_difference, divide, proportion_interval, shrink_proportions
from audit.subgroups.overall import (
    LEVEL,
    SUBGROUP_SCORES,
    cross_codes,
    effective_by,
    permutation_draws,
    subgroup_scores,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.significance import Correction
    from audit.statistics import IntervalMethod
    from audit.subgroups.inputs import Inputs
    from audit.subgroups.overall import Overall

    Rows = list[dict[str, Any]]

MOST_ROWS = 2000
"""Rows of one kind; of more, those with the most samples are kept."""


def where_text(conditions: dict[str, str]) -> str:
    """Return the JSON that selects a row's samples."""
    return json.dumps(conditions, ensure_ascii=False)


def rate_rows(
    inputs: Inputs,
    place: NDArray[np.int64],
    parent: NDArray[np.int64],
    method: IntervalMethod,
    correction: Correction,
) -> Rows:
    """Accuracy by place with interval, and a test against the rest of its parent.

    Parameters
    ----------
    inputs
        Right and wrong answers.
    place
        Place of each row, -1 for none.
    parent
        Parent of each place, shape (places,): the rest of the parent is what a place is compared with.
    method, correction
        Of the intervals and of the p-values.

    Returns
    -------
    list of dict
        One a place, in order, empty places included (n = 0).
    """
    size = len(parent)
    keep = place >= 0
    n = np.bincount(place[keep], minlength=size)
    k = np.bincount(place[keep & inputs.correct], minlength=size)
    parents = int(parent.max(initial=0)) + 1
    parent_n = np.bincount(parent, weights=n, minlength=parents).astype(np.int64)[parent]
    parent_k = np.bincount(parent, weights=k, minlength=parents).astype(np.int64)[parent]
    effective_k, effective_n = effective_by(inputs, place, size)
    interval = proportion_interval(effective_k, effective_n, LEVEL, method)
    if inputs.group_id is None:
        p_value = fisher_exact(k, n, parent_k - k, parent_n - n)
    else:
        p_value = difference_test(group_counts(place, inputs.correct, inputs.group_id, size), parent)[1]
    q_value = adjust_p_values(p_value, correction)
    value, rest = divide(k, n), divide(parent_k - k, parent_n - n)
    detectable = detectable_difference(np.nan_to_num(rest), n, parent_n - n)
    return [
        {
            "value": value[i],
            "low": interval.low[i],
            "high": interval.high[i],
            "n": int(n[i]),
            "support": int(k[i]),
            "null": rest[i],
            "p_value": p_value[i],
            "q_value": q_value[i],
            "unit": "share",
            "score": "accuracy",
            "detectable": detectable[i],
        }
        for i in range(size)
    ]


def _shrunk(rows: Rows, seed: int) -> Rows:
    """Add the shrunk accuracy and the probability of being the worst."""
    shrunk = shrink_proportions([row["support"] for row in rows], [row["n"] for row in rows], seed=seed)
    for i, row in enumerate(rows):
        row |= {
            "shrunk": shrunk.mean[i],
            "shrunk_low": shrunk.low[i],
            "shrunk_high": shrunk.high[i],
            "probability_worst": shrunk.probability_worst[i],
        }
    return rows


def subgroup_rows(inputs: Inputs, method: IntervalMethod, correction: Correction, seed: int) -> Rows:
    """One row a subgroup of every attribute, the main attribute first."""
    rows: Rows = []
    for attribute in inputs.attributes:
        levels = attribute.coded.levels
        place = attribute.coded.codes
        if inputs.family is not None:
            # One yes/no column a subgroup: it is compared with the samples outside it.
            member = inputs.family[1][inputs.family[0].codes, inputs.attributes.index(attribute)]
            place, levels = (~member).astype(np.int64), (attribute.name, f"not {attribute.name}")
        found = rate_rows(inputs, place, np.zeros(len(levels), dtype=np.int64), method, correction)
        if inputs.family is not None:
            value = str(attribute.coded.levels[int(np.bincount(attribute.coded.codes[member], minlength=1).argmax())])
            named = [found[0] | {"subgroup": attribute.name, "group": attribute.name}]
            named[0]["where"] = where_text({attribute.column: value})
        else:
            named = [
                row
                | {
                    "subgroup": f"{attribute.name} = {level}",
                    "group": level,
                    "where": where_text({attribute.column: level}),
                }
                for level, row in zip(levels, _shrunk(found, seed), strict=True)
            ]
        rows += [row | {"kind": "subgroup", "attribute": attribute.name} for row in named]
    return rows


def class_rows(inputs: Inputs, overall: Overall, method: IntervalMethod, correction: Correction, seed: int) -> Rows:
    """Two rows a class: its accuracy, and its spread over the main attribute's subgroups with the null."""
    classes = inputs.label.levels
    parent = np.zeros(len(classes), dtype=np.int64)
    accuracy = _shrunk(rate_rows(inputs, inputs.label.codes, parent, method, correction), seed)
    named = [{"class": name, "where": where_text({inputs.label_column: name})} for name in classes]
    rows = [
        row | own | {"kind": "class", "subgroup": f"class {own['class']}"}
        for row, own in zip(accuracy, named, strict=True)
        if row["n"]
    ]
    if inputs.main is None:
        return rows
    q_value = adjust_p_values(overall.class_p, correction)
    filled = (inputs.cells().cell_n > 0).sum(axis=1)
    rows += [
        named[i]
        | {
            "kind": "class_std",
            "subgroup": f"class {name}",
            "score": "std",
            "unit": "index",
            "value": overall.class_std[i],
            "low": overall.class_interval.low[i],
            "high": overall.class_interval.high[i],
            "n": accuracy[i]["n"],
            "support": int(filled[i]),
            "null": overall.class_null[i],
            "null_high": overall.class_null_high[i],
            "p_value": overall.class_p[i],
            "q_value": q_value[i],
        }
        for i, name in enumerate(classes)
        if filled[i]
    ]
    return rows


def cell_rows(inputs: Inputs, method: IntervalMethod, correction: Correction) -> Rows:
    """One row for each class x subgroup of the main attribute that occurs, against the rest of its class."""
    main = inputs.main
    if main is None or inputs.family is not None:
        return []
    groups = len(main.coded.levels)
    classes = len(inputs.label.levels)
    place = np.where(main.coded.codes < 0, -1, inputs.label.codes * groups + main.coded.codes)
    found = rate_rows(inputs, place, np.repeat(np.arange(classes), groups), method, correction)
    rows = [
        row
        | {
            "kind": "cell",
            "subgroup": f"class {name}, {main.name} = {level}",
            "class": name,
            "group": level,
            "attribute": main.name,
            "where": where_text({inputs.label_column: name, main.column: level}),
        }
        for row, (name, level) in zip(found, itertools.product(inputs.label.levels, main.coded.levels), strict=True)
        if row["n"]
    ]
    return _largest(rows)


def _largest(rows: Rows) -> Rows:
    if len(rows) <= MOST_ROWS:
        return rows
    kept = sorted(range(len(rows)), key=lambda i: -rows[i]["n"])[:MOST_ROWS]
    return [rows[i] for i in sorted(kept)]


def intersection_rows(inputs: Inputs, method: IntervalMethod, correction: Correction) -> Rows:
    """One row for each crossing of two attributes that occurs, against all other samples."""
    if inputs.family is not None:
        return []
    rows: Rows = []
    for first, second in itertools.combinations(range(len(inputs.attributes)), 2):
        one, other = inputs.attributes[first], inputs.attributes[second]
        place, parts = cross_codes(inputs, first, second)
        if not len(parts):
            continue
        found = rate_rows(inputs, place, np.zeros(len(parts), dtype=np.int64), method, correction)
        for row, (a, b) in zip(found, parts, strict=True):
            level, other_level = one.coded.levels[a], other.coded.levels[b]
            rows.append(
                row
                | {
                    "kind": "intersection",
                    "subgroup": f"{one.name} = {level} & {other.name} = {other_level}",
                    "group": f"{level} & {other_level}",
                    "attribute": f"{one.name} & {other.name}",
                    "where": where_text({one.column: level, other.column: other_level}),
                }
            )
    if rows:
        # The crossings of all pairs are one family of tests.
        for row, q in zip(rows, adjust_p_values([row["p_value"] for row in rows], correction), strict=True):
            row["q_value"] = q
    return _largest(rows)


def attribute_rows(inputs: Inputs, overall: Overall, correction: Correction, *, draws: int, seed: int) -> Rows:
    """One row an attribute: its MacroStd with permutation null, so that attributes can be compared."""
    if inputs.family is not None:
        return []
    rows: Rows = []
    for attribute in inputs.attributes:
        cells = inputs.cells(attribute)
        scores = subgroup_scores(cells.cell_correct, cells.cell_n)
        main = attribute is inputs.main
        null = overall.null if main else permutation_draws(inputs, attribute, draws=draws, seed=seed)
        at = {name: place for place, (name, *_) in enumerate(SUBGROUP_SCORES)}
        spread_null = null[:, at["macro_std"]]
        rows.append(
            {
                "kind": "attribute",
                "subgroup": f"attribute {attribute.name}",
                "attribute": attribute.name,
                "score": "macro_std",
                "unit": "index",
                "value": scores[at["macro_std"]],
                "n": int(cells.n.sum()),
                "support": int((cells.n.sum(axis=0) > 0).sum()),
                "null": float(spread_null.mean()),
                "p_value": float(permutation_p_value(scores[at["macro_std"]], spread_null)),
                "gap": scores[at["gap"]],
                "macro_variance_debiased": scores[at["macro_variance_debiased"]],
                "where": where_text({}),
            }
        )
    for row, q in zip(rows, adjust_p_values([row["p_value"] for row in rows], correction), strict=True):
        row["q_value"] = q
    return rows
