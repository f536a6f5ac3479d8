"""Margins: how much nearer the right class at another center is than the wrong class at the own center.

    CRoMa_i = (d_OS - d_SO) / (d_OS + d_SO)      d: mean cosine distance to the m nearest of the type, m = 5
    CRoMa   = median of CRoMa_i (paired: median over subsets of their medians)
    LTM10   = mean of the CRoMa_i at or below their 10th percentile
    F0      = share of CRoMa_i <= 0
    MaRI    = sum of exp(-d / tau) over SO / the same over SO and OS, ranks up to k, tau = median distance of SO and OS

arXiv 2607.25497. Above 0 (above 1/2 for MaRI) the class is nearer, below the center is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.robustness.index import OS, SO

if TYPE_CHECKING:
    from numpy.typing import NDArray


def margins(so_distance: NDArray[np.float64], os_distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CRoMa_i in [-1, 1] of every occurrence; higher is better.

    Parameters
    ----------
    so_distance, os_distance
        Distances to the m nearest of each type (occurrences, m); infinite where there are fewer.

    Returns
    -------
    ndarray
        NaN where fewer than m neighbours of a type are eligible, or all of them coincide with the sample.
    """
    so, os = so_distance.mean(axis=1), os_distance.mean(axis=1)
    defined = np.isfinite(so) & np.isfinite(os)
    s, o = np.where(defined, so, 0.0), np.where(defined, os, 0.0)
    total = s + o
    out: NDArray[np.float64] = np.divide(o - s, total, out=np.full(len(total), np.nan), where=defined & (total > 0))
    return out


def median_margin(values: NDArray[np.float64], block: NDArray[np.int64]) -> float:
    """Return the median over blocks of the blocks' median margins; NaN values are left out."""
    medians = [np.median(part) for b in np.unique(block) if len(part := _finite(values[block == b]))]
    return float(np.median(medians)) if medians else float("nan")


def lower_tail_mean(values: NDArray[np.float64], share: float = 0.1) -> float:
    """Return the mean of the margins at or below their ``share`` quantile; NaN without any margin."""
    defined = _finite(values)
    if len(defined) == 0:
        return float("nan")
    return float(defined[defined <= np.percentile(defined, 100 * share)].mean())


def fragile_share(values: NDArray[np.float64]) -> float:
    """Return F0, the share of margins at or below 0; lower is better, NaN without any margin."""
    defined = _finite(values)
    return float(np.mean(defined <= 0)) if len(defined) else float("nan")


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values[np.isfinite(values)])


def temperature(types: NDArray[np.int8], distance: NDArray[np.float64], k: int) -> float:
    """Return tau, the median distance of the SO and OS neighbours of ranks up to k; NaN without any."""
    kind = types[:, :k]
    typed = distance[:, :k][(kind == SO) | (kind == OS)]
    return float(np.median(typed)) if len(typed) else float("nan")


def margin_aware_index(
    types: NDArray[np.int8], distance: NDArray[np.float64], k: int, tau: float | None = None
) -> float:
    """Return MaRI, the robustness index with near neighbours weighing more; in [0, 1], higher is better.

    Parameters
    ----------
    types, distance
        Neighbour types and cosine distances (occurrences, ranks).
    k
        Ranks counted.
    tau
        Distance over which a weight falls to 1/e; the median distance of the SO and OS neighbours when left out.
        Where that is 0 (a collapsed embedding) every weight is 1.
    """
    scale = temperature(types, distance, k) if tau is None else tau
    kind = types[:, :k]
    so, os = distance[:, :k][kind == SO], distance[:, :k][kind == OS]
    if len(so) + len(os) == 0:
        return float("nan")
    # Only the ratio counts: measured from the nearest distance the weights cannot all underflow.
    nearest = min(so.min(initial=np.inf), os.min(initial=np.inf))
    if scale <= 0:
        return len(so) / (len(so) + len(os))
    weight_so = np.exp(-(so - nearest) / scale).sum()
    weight_os = np.exp(-(os - nearest) / scale).sum()
    return float(weight_so / (weight_so + weight_os))
