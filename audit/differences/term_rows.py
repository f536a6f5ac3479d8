"""Caption terms tested on the validate half: they need no text encoder, only the captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.differences.auroc import clustered_auroc
from audit.differences.captions import holds, log_odds
from audit.differences.ranking import corrected
from audit.significance import Correction, adjust_p_values, fisher_exact
from audit.statistics import newcombe_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.differences.halves import Division


def term_tests(
    terms: list[str], direction: NDArray[np.int64], captions: list[str], division: Division, correction: Correction
) -> list[dict[str, Any]]:
    """Return one row a term: share of A's captions that hold it minus the share of B's.

    One-sided in the proposed direction: Fisher's exact test, or where samples come in groups the clustered test of
    the same 0 and 1.

    Parameters
    ----------
    terms
        Proposed on the other half.
    direction
        0 for A, 1 for B.
    captions
        Of every sample; empty ones are left out.
    division
        Sets, halves, groups.
    correction
        Of the p-values.
    """
    told = np.asarray([bool(caption.strip()) for caption in captions])
    places = [place[told[place]] for place in (division.rows(side, validate=True) for side in (0, 1))]
    n_a, n_b = map(len, places)
    if not terms or min(n_a, n_b) < 2:
        return []
    rows = np.concatenate(places)
    first = np.arange(len(rows)) < n_a
    held = holds([captions[row] for row in rows.tolist()], terms)
    in_a, in_b = held[:, first].sum(axis=1), held[:, ~first].sum(axis=1)
    _, group = np.unique(division.group[rows], return_inverse=True)
    grouped = int(group.max()) + 1 < len(rows)
    if grouped:
        oriented = np.where((direction == 0)[:, None], held, ~held).astype(np.float64)
        p = np.nan_to_num(clustered_auroc(oriented, first, group).p_value, nan=1.0)
    else:
        more = fisher_exact(in_a, n_a, in_b, n_b, alternative="greater")
        p = np.where(direction == 0, more, fisher_exact(in_a, n_a, in_b, n_b, alternative="less"))
    # Fisher's test of counts is cautious by itself; the clustered one is not.
    q = corrected(p, correction) if grouped else adjust_p_values(p, correction)
    bounds = newcombe_interval(in_a, n_a, in_b, n_b)
    odds, _ = log_odds(in_a, n_a, in_b, n_b)
    order = sorted(range(len(terms)), key=lambda i: (q[i], p[i], terms[i]))
    return [
        {
            "hypothesis": terms[i],
            "kind": "caption_term",
            "unit": "points",
            "value": float(in_a[i] / n_a - in_b[i] / n_b),
            "low": float(bounds.low[i]),
            "high": float(bounds.high[i]),
            "n": float(n_a + n_b),
            "support": float(in_a[i] + in_b[i]),
            "null": 0.0,
            "p_value": float(min(p[i], 1.0)),
            "q_value": float(q[i]),
            "truer_of": "AB"[int(direction[i])],
            "prevalence_a": float(in_a[i] / n_a),
            "prevalence_b": float(in_b[i] / n_b),
            "log_odds": float(odds[i]),
            "source": "captions",
        }
        for i in order
    ]
