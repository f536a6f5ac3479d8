"""Probes: whether class and center can be read off the embedding of groups never seen.

A logistic regression is trained on four fifths of the groups and asked about the rest, five times; the scaler is
fitted inside each fold. Balanced accuracy is the mean of the classes' shares predicted right, chance is one over
their number. (The reference fits the scaler on all rows and turns an area under the curve below 1/2 around: both
flatter the probe.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.robustness.uncertainty import by_group, group_deviations
from audit.statistics import Interval, divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5
ITERATIONS = 300
"""Steps of the optimiser; a probe that has not settled by then hardly changes any more."""


def logistic_predictions(
    vectors: NDArray[Any], codes: NDArray[np.int64], group: NDArray[np.int64], *, seed: int
) -> NDArray[np.int64]:
    """Predict each row's code from the rows of other groups.

    Parameters
    ----------
    vectors
        (n, d).
    codes
        Class (or center) of each row, (n,).
    group
        Group of each row; a fold holds whole groups.
    seed
        Seed of the folds.

    Returns
    -------
    ndarray
        Predicted codes, int64 (n,); -1 where the training part of the fold holds fewer than two codes.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    out = np.full(len(codes), -1, dtype=np.int64)
    folds = min(FOLDS, len(np.unique(group)))
    if folds < 2 or np.bincount(codes).max() < folds:
        return out
    with np.errstate(all="ignore"):
        splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
        parts = list(_quiet(splitter.split, vectors, codes, group))
    for train, test in parts:
        if len(train) and len(np.unique(codes[train])) > 1:
            out[test] = fit_logistic(vectors[train], codes[train]).predict(vectors[test])
    return out


def fit_logistic(vectors: NDArray[Any], codes: NDArray[np.int64]) -> Any:
    """Return a fitted scaler and logistic regression (L2, C = 1)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ITERATIONS, tol=1e-3))
    return _quiet(probe.fit, vectors, codes)


def _quiet(function: Any, *arguments: Any) -> Any:
    """Call without scikit-learn's warnings about small classes and unsettled optimisers: the docstrings say both."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function(*arguments)
        return list(result) if hasattr(result, "__next__") else result


def accuracy_draws(
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    group: NDArray[np.int64],
    stratum: NDArray[np.int64],
    *,
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return bootstrap draws over groups of the balanced accuracy; predictions are held fixed.

    Parameters
    ----------
    truth, predicted, group
        Codes (rows,); rows predicted -1 are left out.
    stratum
        Stratum of each group.
    draws, seed
        Number of draws, and their seed.
    """
    used = predicted >= 0
    classes = int(truth.max()) + 1
    here = np.eye(classes)[truth] * used[:, None]
    counts = by_group(np.concatenate([here, here * (predicted == truth)[:, None]], axis=1), group)
    counts = np.concatenate([counts, np.zeros((len(stratum) - len(counts), counts.shape[1]))])
    found = []
    for deviation in group_deviations(stratum, draws, seed):
        summed = np.maximum(1 + deviation, 0.0) @ counts
        recall = divide(summed[:, classes:], summed[:, :classes])
        defined = np.isfinite(recall)
        found.append(divide(np.where(defined, recall, 0.0).sum(axis=1), defined.sum(axis=1)))
    return np.concatenate(found)


def bounded(interval: Interval) -> Interval:
    """Return an interval of a share cut to [0, 1]."""
    return Interval(np.clip(interval.low, 0, 1), np.clip(interval.high, 0, 1))
