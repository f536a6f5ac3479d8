"""How good prototypes are as explanations: plain functions of arrays.

consistency      share of prototypes that meet one and the same object part in at least mu = 80 % of the images of
                 their class (Huang et al., ICCV 2023); 0 to 100, higher is better
stability        share of (image, prototype) pairs that meet the same parts under noise (same source); 0 to 100
purity           share of a prototype's ten most similar patches that lie on the same part (PIP-Net)
distinctiveness  1 - mean IoU of the boxes of a class's prototypes in one image
comprehensiveness  drop of the class's probability when the hottest places are gone
relevance        share of the heat on the subject
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

MU = 0.8
"""Share of images in which a consistent prototype meets its part."""

WINDOW = 72 / 224
"""Side of the box round a peak, as a share of the image's side (Huang et al. take 72 of 224 pixels)."""

TOP = 10


def agreement(presence: ArrayLike) -> float:
    """Return in what share of images a prototype meets the part that it meets most often; NaN without images.

    Parameters
    ----------
    presence
        Whether the prototype's box holds each part (images, parts).
    """
    met = np.asarray(presence, dtype=np.float64)
    return float(met.mean(axis=0).max()) if met.size else float("nan")


def consistency(presences: list[NDArray[np.bool_]], mu: float = MU) -> float:
    """Return the share (0 to 100) of prototypes that meet one part in at least ``mu`` of their images.

    Parameters
    ----------
    presences
        One (images, parts) array a prototype; those without images are left out.
    mu
        Share wanted.
    """
    met = [agreement(presence) for presence in presences if len(presence)]
    return 100 * float(np.mean([value >= mu for value in met])) if met else float("nan")


def stability(before: list[NDArray[np.bool_]], after: list[NDArray[np.bool_]]) -> float:
    """Return the mean share (0 to 100) of images whose parts in the box are the same under noise.

    Parameters
    ----------
    before, after
        One (images, parts) array a prototype.
    """
    same = [
        float((one == two).all(axis=1).mean()) for one, two in zip(before, after, strict=True) if len(one) and len(two)
    ]
    return 100 * float(np.mean(same)) if same else float("nan")


def purity(parts: ArrayLike, likeness: ArrayLike, top: int = TOP) -> float:
    """Return the share of the most similar patches that lie on the commonest part: 0 to 1, NaN without images.

    Parameters
    ----------
    parts
        Part at the prototype's peak in each image (images,).
    likeness
        Similarity there (images,).
    top
        Patches looked at.
    """
    order = np.argsort(-np.asarray(likeness), kind="stable")[:top]
    chosen = np.asarray(parts)[order]
    return float(np.unique(chosen, return_counts=True)[1].max() / len(chosen)) if len(chosen) else float("nan")


def window(peak: ArrayLike, grid: tuple[int, int], side: float = WINDOW) -> Floats:
    """Return the boxes round peaks as shares of the sides: (..., 4) left, top, right, bottom, kept inside the image.

    Parameters
    ----------
    peak
        Positions on the grid, row by row.
    grid
        Rows and columns.
    side
        Side of the box as a share of the image's.
    """
    place = np.asarray(peak)
    row, column = place // grid[1], place % grid[1]
    left = np.clip((column + 0.5) / grid[1] - side / 2, 0, 1 - side)
    top = np.clip((row + 0.5) / grid[0] - side / 2, 0, 1 - side)
    return np.stack([left, top, left + side, top + side], axis=-1)


def box_iou(one: ArrayLike, two: ArrayLike) -> Floats:
    """Return the overlap of boxes (..., 4) over their union: (...)."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(two, dtype=np.float64)
    across = np.clip(np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0]), 0, None)
    down = np.clip(np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1]), 0, None)
    both = across * down
    areas = [(each[..., 2] - each[..., 0]) * (each[..., 3] - each[..., 1]) for each in (a, b)]
    union = areas[0] + areas[1] - both
    return np.asarray(np.divide(both, union, out=np.zeros_like(both), where=union > 0))


def distinctiveness(boxes: ArrayLike) -> float:
    """Return ``1 - mean IoU`` over pairs of prototypes, averaged over images: 0 to 1, NaN for a single prototype.

    Parameters
    ----------
    boxes
        (images, prototypes, 4).
    """
    table = np.asarray(boxes, dtype=np.float64)
    if table.shape[0] == 0 or table.shape[1] < 2:
        return float("nan")
    one, two = np.triu_indices(table.shape[1], 1)
    return 1 - float(box_iou(table[:, one], table[:, two]).mean())


def met_parts(labels: NDArray[np.int64], peak: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Return which pseudo-part lies at each image's peak: (images, parts), one a row.

    Parameters
    ----------
    labels
        Pseudo-part of each cell (images, h, w).
    peak
        Positions on the grid (images,).
    count
        Number of pseudo-parts.
    """
    flat = labels.reshape(len(labels), labels.shape[1] * labels.shape[2])
    here = flat[np.arange(len(flat)), peak]
    return np.asarray(here[:, None] == np.arange(count))


def annotated_parts(points: ArrayLike, boxes: ArrayLike) -> NDArray[np.bool_]:
    """Return which annotated parts lie in each image's box: (images, parts).

    Parameters
    ----------
    points
        x and y of each part as shares of the sides, NaN where it is not visible (images, parts, 2).
    boxes
        (images, 4).
    """
    x, y = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
    left, top, right, bottom = (edge[:, None] for edge in np.asarray(boxes, dtype=np.float64).T)
    with np.errstate(invalid="ignore"):
        return np.asarray((x >= left) & (x < right) & (y >= top) & (y < bottom))
