"""What tells a class from the others: the answers that it loses under the five changes [ours, after Nauta et al. 2020].

    lead      l(x) = z_c(x) - max_{r != c} z_r(x)        c the sample's class; the r that attains it is its rival
    lost      A_m = mean_x [l_m(x) < 0]                  over samples with l > 0; l_m after characteristic m was changed
    drop      L_m = sum_x (l - l_m) / sum_x l            the share of the lead that is gone

z are the model's own logits, else scaled cosines to class names or class means. A likeness can be lost with a
characteristic that all classes share (a flatter contrast makes everything less alike); an answer is lost with what the
classes differ in. Intervals are Wilson's over effective samples where they come in groups; the p-value is an exact sign
test of falling leads over samples, and one correction covers every class and characteristic.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.prototypes.because import leading, sign_test
from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.scores import proportion
from audit.significance import adjust_p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.prototypes.case import Case
    from audit.prototypes.likeness import Likeness
    from audit.significance import Correction

FEWEST = 2
"""Samples with a lead below which nothing is said about a class."""

ALPHA = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class ToldApart:
    """What tells one class from the others.

    Parameters
    ----------
    place, rival
        Its class, and the class that is closest to most of its samples.
    lost
        Share of answers lost with interval, n and support, one entry a characteristic.
    drop
        Share of the lead that is gone, (characteristics,).
    p_value
        Two-sided exact sign test of the change of the lead, (characteristics,); NaN where no lead changes.
    """

    place: int
    rival: int
    lost: list[dict[str, float]]
    drop: NDArray[np.float64]
    p_value: NDArray[np.float64]


def lead_drop(before: NDArray[np.floating], after: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``sum (l - l_m) / sum l``: (characteristics,); NaN without any lead.

    Parameters
    ----------
    before
        Leads above 0: (n,).
    after
        Leads after each change (characteristics, n).
    """
    total = float(np.sum(before))
    if not total > 0:
        return np.full(len(after), np.nan)
    return np.asarray((np.asarray(before) - np.asarray(after)).sum(axis=1) / total)


def tell_apart(case: Case, likeness: Likeness, codes: NDArray[np.int64]) -> list[ToldApart]:
    """Return what tells each class apart; classes with fewer than two samples in the lead are left out."""
    code = case.code[likeness.rows]
    found = []
    for place in codes.tolist():
        mine = np.flatnonzero((code == place) & (likeness.lead[0] > 0))
        if len(mine) < FEWEST:
            continue
        before, after = likeness.lead[0, mine], likeness.lead[1:, mine]
        group = case.group[likeness.rows[mine]]
        found.append(
            ToldApart(
                place=place,
                rival=int(np.bincount(likeness.rival[mine]).argmax()),
                lost=[proportion(leads < 0, group) for leads in after],
                drop=lead_drop(before, after),
                p_value=sign_test(before - after, within=1e-6 * float(np.median(before))),
            )
        )
    return found


def told_apart_rows(case: Case, found: list[ToldApart], correction: Correction) -> list[dict[str, Any]]:
    """Return one row a class and characteristic: the share of its answers that are lost with the characteristic."""
    if not found:
        return []
    p_values = np.stack([each.p_value for each in found])
    q_values = adjust_p_values(p_values.ravel(), correction).reshape(p_values.shape)
    rows = []
    for each, q in zip(found, q_values, strict=True):
        name, rival = case.classes[each.place], case.classes[each.rival]
        lost = np.asarray([numbers["value"] for numbers in each.lost])
        matters = (lost > 0) & (each.drop > 0) & (q < ALPHA)
        heads = leading(
            dict(zip(CHARACTERISTICS, lost.tolist(), strict=True)),
            dict(zip(CHARACTERISTICS, matters.tolist(), strict=True)),
        )
        if heads and lost[CHARACTERISTICS.index(heads[0])] < lost.max():
            # A smaller effect that holds does not lead while a larger one is merely not shown to hold.
            heads = []
        rows += [
            {
                "prototype": f"{name}, {characteristic}",
                "kind": "told_apart",
                **each.lost[at],
                "null": 0.0,
                "p_value": float(each.p_value[at]),
                "q_value": float(q[at]),
                "unit": "share",
                "class": name,
                "rival": rival,
                "characteristic": characteristic,
                "lead_drop": float(each.drop[at]),
                "matters": "yes" if matters[at] else "no",
                "because": " and ".join(heads),
                "where": json.dumps({"prototype_class": name}),
            }
            for at, characteristic in enumerate(CHARACTERISTICS)
        ]
    return rows
