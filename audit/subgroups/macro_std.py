"""MacroStd: how much the accuracy of a class varies over subgroups, averaged over classes.

Chiu et al., *Better May Not Be Fairer*, ICCV 2023 (arXiv 2212.08649). With a_cg the accuracy of class c in
subgroup g, w_cg = n_cg / n_c and abar_c = sum_g w_cg a_cg:

    v_c      = sum_g w_cg (a_cg - abar_c)²
    MacroStd = (1/|C|) sum_c sqrt(v_c)                          "population", default
    nist     : sqrt(v_c M_c / (M_c - 1)), M_c = non-empty subgroups of c
    debiased : v_c - sum_g (w_cg - w_cg²) a_cg (1 - a_cg) / (n_cg - 1)           (audit-defined)
    null     : E[v_c] = p (1 - p) (M_c - 1) / n_c > 0 with equal true accuracy p (audit-defined)

The paper fixes the score up to the finite-sample factor; both versions are given. Small cells alone make
MacroStd large, so it never stands without its permutation null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.errors import InputError
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

StdFactor = Literal["population", "nist"]

SMALLEST_VARIANCE = 1e-14
"""Smaller variances are rounding: two halves of a million samples that differ by one answer give 1e-12."""


def class_variances(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Weighted variance of the subgroup accuracies within each class.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., classes)
        v_c in [0, .25], lower = more even; NaN for a class without samples, 0 for one with a single subgroup.
    """
    k, total = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    class_n = total.sum(axis=-1)
    mean = divide(k.sum(axis=-1), class_n)
    # sum_g w a² - abar², without an array of accuracies: draws times classes times subgroups are many.
    squares = np.einsum("...g,...g->...", k * k, np.divide(1.0, total, out=np.zeros(total.shape), where=total > 0))
    variance = divide(squares, class_n) - mean**2
    # Rounding leaves a trace where nothing varies.
    return np.where(variance > SMALLEST_VARIANCE, variance, np.where(np.isnan(variance), np.nan, 0.0))


def class_stds(correct: ArrayLike, n: ArrayLike, factor: StdFactor = "population") -> NDArray[np.float64]:
    """Standard deviation of the subgroup accuracies within each class.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).
    factor
        ``"population"`` or ``"nist"`` (times sqrt(M_c / (M_c - 1))).

    Returns
    -------
    ndarray, shape (..., classes)
        sd_c, lower = more even. NaN for an absent class; with ``nist`` also for a class with one subgroup.
    """
    variance = class_variances(correct, n)
    if factor == "population":
        return np.sqrt(variance)
    if factor != "nist":
        raise InputError(f"`factor` must be 'population' or 'nist'; got {factor!r}.")
    return np.sqrt(variance * nist_factor(n))


def nist_factor(n: ArrayLike) -> NDArray[np.float64]:
    """Return M_c / (M_c - 1) per class, shape (..., classes); NaN for a class with fewer than two subgroups."""
    filled = (np.asarray(n) > 0).sum(axis=-1)
    return divide(filled, np.maximum(filled - 1, 0))


def macro_std(correct: ArrayLike, n: ArrayLike, factor: StdFactor = "population") -> NDArray[np.float64]:
    """MacroStd: mean over classes of the standard deviation over subgroups (arXiv 2212.08649).

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).
    factor
        Finite-sample factor, see :func:`class_stds`.

    Returns
    -------
    ndarray, shape (...)
        In [0, .5], lower = more even; classes for which it is undefined are left out, NaN when all are.
    """
    return mean_defined(class_stds(correct, n, factor))


def debiased_variances(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Variance of the subgroups' true accuracies within each class, free of the cells' sampling noise.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., classes)
        Unbiased for the true weighted variance, so it may be negative; 0 = even. A cell of one sample has no
        variance of its own and takes its class's. NaN for an absent class.
    """
    return np.asarray(class_variances(correct, n) - sampling_noise(correct, n))


def sampling_noise(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Estimate how much of each v_c is the cells' sampling noise.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., classes)
        sum_g (w_cg - w_cg²) a_cg (1 - a_cg) / (n_cg - 1); a cell of one sample takes its class's
        a (1 - a) n_c / (n_c - 1).
    """
    k, total = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    class_n = total.sum(axis=-1)
    safe = np.maximum(class_n, 1.0)
    weight = total / safe[..., None]
    weight = weight - weight**2
    # a (1 - a) / (n - 1) = k / (n (n - 1)) - k² / (n² (n - 1)): linear in k and k², with coefficients that n fixes.
    several = total > 1
    linear = np.divide(weight, total * (total - 1), out=np.zeros(total.shape), where=several)
    square = np.divide(linear, total, out=np.zeros(total.shape), where=several)
    own = np.einsum("...g,...g->...", k, linear) - np.einsum("...g,...g->...", k * k, square)
    p = k.sum(axis=-1) / safe
    pooled = p * (1 - p) * class_n / np.maximum(class_n - 1, 1.0)
    return np.asarray(own + np.where(total == 1, weight, 0.0).sum(axis=-1) * pooled)


def mean_defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of the entries that are not NaN; NaN when there is none."""
    defined = np.isfinite(values)
    return divide(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def expected_variances(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """What v_c would be on average if every subgroup of a class had the class's accuracy.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., classes)
        p (1 - p) (M_c - 1) / n_c; NaN for an absent class.
    """
    k, total = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    class_n = total.sum(axis=-1)
    p = divide(k.sum(axis=-1), class_n)
    filled = (total > 0).sum(axis=-1)
    return p * (1 - p) * divide(filled - 1, class_n)
