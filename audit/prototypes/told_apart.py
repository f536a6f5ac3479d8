"""What tells a class from its closest rival: the model's lead under the five changes [ours, after Nauta et al. 2020].

    lead      l(x) = z_c(x) - z_r(x)      c the sample's class, r the class closest to it before the change
    change    lhat_m(x)                   the same difference, to the same rival, after characteristic m was changed
    lost      L_m = sum_x (l - lhat_m) / sum_x l     over samples with l > 0; 1: nothing of the lead is left

z are the model's own logits, else scaled cosines to class names or class means. A likeness can be lost with a
characteristic that all classes share (a flatter contrast makes everything less alike); the lead is lost with what the
classes differ in. The interval draws images (whole groups where given), the p-value is an exact sign test over images,
and one correction covers every class and characteristic.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.prototypes.because import Because, explain_prototype, leading
from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.reasons import significant
from audit.significance import adjust_p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.prototypes.case import Case
    from audit.prototypes.likeness import Likeness
    from audit.significance import Correction

FEWEST = 2
"""Samples with a lead below which nothing is said about a class."""


def lead_lost(
    before: NDArray[np.floating], after: NDArray[np.floating], group: NDArray[np.int64], *, draws: int, seed: int
) -> Because:
    """Return the share of a class's lead that is lost with each characteristic.

    Parameters
    ----------
    before
        Leads (n,); samples whose lead is not above 0 are left out.
    after
        Leads after each change (characteristics, n).
    group
        Code of each sample's group (n,).
    draws, seed
        Of the bootstrap.
    """
    ahead = np.asarray(before) > 0
    kept = np.asarray(before, dtype=np.float64)[ahead]
    lost = (kept - np.asarray(after, dtype=np.float64)[:, ahead]) / kept
    behind = np.asarray(after)[:, ahead] < 0
    # sum_x (l - lhat) / sum_x l is the mean of the samples' own shares, weighted by their leads.
    return explain_prototype(lost, kept, behind, np.asarray(group)[ahead], draws=draws, seed=seed)


@dataclasses.dataclass(frozen=True, eq=False)
class ToldApart:
    """What tells one class from its closest rival.

    Parameters
    ----------
    place
        Its class.
    rival
        The class that is closest to most of its samples.
    rows
        Its samples with a lead.
    because
        Share of the lead lost, by characteristic; ``moved`` is the share of samples that the rival overtakes.
    """

    place: int
    rival: int
    rows: NDArray[np.int64]
    because: Because


def tell_apart(case: Case, likeness: Likeness, codes: NDArray[np.int64], *, draws: int, seed: int) -> list[ToldApart]:
    """Return what tells each class apart, those without samples in the lead left out."""
    code = case.code[likeness.rows]
    found = []
    for place in codes.tolist():
        mine = np.flatnonzero((code == place) & (likeness.lead[0] > 0))
        if len(mine) < FEWEST:
            continue
        leads = likeness.lead[:, mine]
        because = lead_lost(leads[0], leads[1:], case.group[likeness.rows[mine]], draws=draws, seed=seed)
        rival = int(np.bincount(likeness.rival[mine]).argmax())
        found.append(ToldApart(place, rival, likeness.rows[mine], because))
    return found


def told_apart_rows(case: Case, found: list[ToldApart], correction: Correction) -> list[dict[str, Any]]:
    """Return one row a class and characteristic: the share of the lead over the closest rival that is lost."""
    if not found:
        return []
    p_values = np.stack([each.because.p_value for each in found])
    q_values = adjust_p_values(p_values.ravel(), correction).reshape(p_values.shape)
    rows = []
    for each, q in zip(found, q_values, strict=True):
        name, rival, because = case.classes[each.place], case.classes[each.rival], each.because
        matters = significant(because, q)
        heads = leading(
            dict(zip(CHARACTERISTICS, because.value.tolist(), strict=True)),
            dict(zip(CHARACTERISTICS, matters.tolist(), strict=True)),
        )
        rows += [
            {
                "prototype": f"{name} from {rival}, {characteristic}",
                "kind": "told_apart",
                "value": float(because.value[at]),
                "low": float(because.low[at]),
                "high": float(because.high[at]),
                "n": float(because.n),
                "null": 0.0,
                "p_value": float(because.p_value[at]),
                "q_value": float(q[at]),
                "unit": "share",
                "class": name,
                "rival": rival,
                "characteristic": characteristic,
                "overtaken": float(because.moved[at]),
                "matters": "yes" if matters[at] else "no",
                "because": ", ".join(heads),
                "where": json.dumps({"prototype_class": name}),
            }
            for at, characteristic in enumerate(CHARACTERISTICS)
        ]
    return rows
