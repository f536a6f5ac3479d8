"""Because of what an image looks like a prototype (Nauta et al., This Looks Like That, Because ..., 2020).

    g        similarity at the place of the image that is most like the prototype
    ghat_m   similarity at the same place after characteristic m was changed
    local    phi_m = g - ghat_m
    global   phi_m(p) = sum_x phi_m(x, p) g(x, p) / sum_x g(x, p)

Positive: the characteristic matters to the likeness. The interval draws images (whole groups where given), the p-value
is an exact sign test over images, and one correction covers every prototype and characteristic.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from audit.prototypes.modifications import CHARACTERISTICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SECOND = 0.6
"""A further characteristic is named when its share of the likeness is at least this part of the largest."""

TINY = 1e-6
"""A similarity below this has no relative drop."""


@dataclasses.dataclass(frozen=True, eq=False)
class Because:
    """What one prototype's likeness rests on, by characteristic: arrays (characteristics,).

    Parameters
    ----------
    value, low, high
        Global phi with its 95 % interval; positive: the characteristic matters.
    relative
        phi as a share of the mean similarity; NaN where that is about 0.
    p_value
        Two-sided exact sign test over images; NaN where no image changes.
    moved
        Share of images whose most similar place is elsewhere after the change.
    n
        Images.
    """

    value: Floats
    low: Floats
    high: Floats
    relative: Floats
    p_value: Floats
    moved: Floats
    n: int


def global_phi(phi: Floats, g: Floats) -> Floats:
    """Return ``sum_x phi g / sum_x g`` over images.

    Parameters
    ----------
    phi
        Local phi (characteristics, n).
    g
        Similarities (n,); negative ones count as 0.

    Returns
    -------
    ndarray
        (characteristics,); NaN where no image is like the prototype at all.
    """
    weight = np.maximum(np.asarray(g, dtype=np.float64), 0)
    total = weight.sum()
    if not total > 0:
        return np.full(len(phi), np.nan)
    return np.asarray(np.asarray(phi, dtype=np.float64) @ weight / total)


def sign_test(phi: Floats, *, within: float = 0.0) -> Floats:
    """Return two-sided exact p-values of as many rises as falls: (characteristics,).

    Parameters
    ----------
    phi
        Local phi (characteristics, n); changes of at most ``within`` are no change.
    within
        Rounding of the network.
    """
    up, down = (phi > within).sum(axis=1), (phi < -within).sum(axis=1)
    n = up + down
    p = np.minimum(2 * special.bdtr(np.minimum(up, down).astype(float), np.maximum(n, 1), 0.5), 1.0)
    return np.where(n > 0, p, np.nan)


def explain_prototype(
    phi: Floats, g: Floats, moved: NDArray[np.bool_], group: NDArray[np.int64], *, draws: int = 500, seed: int = 0
) -> Because:
    """Return what a prototype's likeness rests on.

    Parameters
    ----------
    phi
        Local phi of its images (characteristics, n).
    g
        Similarities of its images (n,).
    moved
        Whether the most similar place moved (characteristics, n).
    group
        Code of each image's group (n,): groups are drawn together.
    draws, seed
        Of the bootstrap.
    """
    value = global_phi(phi, g)
    weight = np.maximum(np.asarray(g, dtype=np.float64), 0)
    _, codes = np.unique(group, return_inverse=True)
    count = int(codes.max()) + 1 if len(codes) else 0
    low = high = np.full(len(phi), np.nan)
    if count >= 2 and weight.sum() > 0:
        top = np.stack([np.bincount(codes, weights=row * weight, minlength=count) for row in phi])
        bottom = np.bincount(codes, weights=weight, minlength=count)
        times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
        total = times @ bottom
        some = total > 0
        drawn = (times[some] @ top.T) / total[some, None]
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    mean = float((weight * g).sum() / weight.sum()) if weight.sum() > 0 else 0.0
    relative = value / mean if mean > TINY else np.full(len(phi), np.nan)
    share = moved.mean(axis=1) if moved.shape[1] else np.full(len(phi), np.nan)
    return Because(value, low, high, np.asarray(relative), sign_test(phi, within=TINY), share, len(g))


def leading(value: Mapping[str, float], matters: Mapping[str, bool]) -> list[str]:
    """Return the characteristics that a likeness rests on, the largest first; empty where none matters.

    Parameters
    ----------
    value
        phi by characteristic.
    matters
        Whether each is told apart from 0.
    """
    kept = [name for name in value if matters[name] and np.isfinite(value[name]) and value[name] > 0]
    kept.sort(key=lambda name: -value[name])
    return [name for name in kept if value[name] >= SECOND * value[kept[0]]]


def perhaps(name: str) -> str:
    """Return in words a reason that is the largest, but over too few images to hold."""
    return f"perhaps because of {name} (too few images to tell)"


def words(names: Sequence[str]) -> str:
    """Return the reason in words: "mostly because of hue"."""
    if not names:
        return "for none of the five characteristics alone"
    if len(names) == len(CHARACTERISTICS):
        return "because of all five characteristics alike"
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"mostly because of {listed}"
