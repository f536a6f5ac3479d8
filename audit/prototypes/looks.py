"""What a person sees of a place: its colours and edges, told without any network (audit-defined).

Each cell of the grid has its mean red, green and blue, the spread of its grey, and how its edges are turned (eight
directions, weighted by strength). The same numbers serve as a second opinion on places: k-means of them names
pseudo-parts where nobody has annotated parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIRECTIONS = 8
PSEUDO_PARTS = 8
POSITION = 0.5
"""Weight of a place's position among the pseudo-parts' numbers: sky above and grass below are two parts."""

CLOSE = 0.25
"""Places count as alike when their looks differ less than all but this share of random pairs."""


def looks(images: torch.Tensor, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Return what each cell looks like: float32 (b, h, w, 4 + directions), every number about 0 to 1.

    Parameters
    ----------
    images
        uint8 (b, 3, H, W).
    grid
        Rows and columns of cells.
    """
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, pad

    values = images.float() / 255
    grey = values.mean(dim=1, keepdim=True)
    padded = pad(grey, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    down = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    strength = (across.square() + down.square()).sqrt()
    # Edges have no sign: half a turn is the same edge.
    angle = torch.remainder(torch.atan2(down, across), torch.pi) / torch.pi
    which = (angle * DIRECTIONS).long().clamp_(0, DIRECTIONS - 1)
    turned = strength.new_zeros(len(images), DIRECTIONS, *images.shape[-2:]).scatter_(1, which, strength)
    colour = adaptive_avg_pool2d(values, grid)
    mean, square = adaptive_avg_pool2d(grey, grid), adaptive_avg_pool2d(grey.square(), grid)
    spread = (square - mean.square()).clamp_min(0).sqrt() * 2
    edges = adaptive_avg_pool2d(turned, grid) * 4
    found = torch.cat([colour, spread, edges], dim=1).permute(0, 2, 3, 1)
    return np.asarray(found.contiguous().cpu().numpy(), dtype=np.float32)


def colourless(images: torch.Tensor) -> NDArray[np.bool_]:
    """Return which images are grey: their channels differ by at most 2 of 255 everywhere, (b,)."""
    spread = images.amax(dim=1).int() - images.amin(dim=1).int()
    return np.asarray((spread.flatten(1).amax(dim=1) <= 2).cpu().numpy(), dtype=bool)


def pseudo_parts(seen: NDArray[np.float32], *, k: int = PSEUDO_PARTS, seed: int = 0) -> NDArray[np.int64]:
    """Return a pseudo-part a cell: int64 (n, h, w), by k-means of looks and position.

    Parameters
    ----------
    seen
        Looks (n, h, w, D).
    k
        Pseudo-parts.
    seed
        Seed of k-means.
    """
    from sklearn.cluster import KMeans

    n, height, width, depth = seen.shape
    rows, columns = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    place = POSITION * np.stack([rows, columns], axis=-1).astype(np.float32)
    table = np.concatenate([seen, np.broadcast_to(place, (n, height, width, 2))], axis=-1).reshape(-1, depth + 2)
    k = min(k, len(np.unique(table.round(4), axis=0)))
    chosen = table
    if len(table) > 20_000:
        chosen = table[np.random.default_rng(seed).choice(len(table), 20_000, replace=False)]
    fitted = KMeans(n_clusters=k, n_init=2, random_state=seed).fit(chosen)
    return np.asarray(fitted.predict(table), dtype=np.int64).reshape(n, height, width)


def usual_difference(seen: NDArray[np.float32], *, seed: int = 0, pairs: int = 4000) -> float:
    """Return the difference of looks that :data:`CLOSE` of random pairs of places stay below."""
    table = seen.reshape(-1, seen.shape[-1])
    draw = np.random.default_rng(seed)
    one, other = (draw.integers(0, len(table), pairs) for _ in range(2))
    difference = np.linalg.norm(table[one].astype(np.float64) - table[other], axis=1)
    return float(np.quantile(difference, CLOSE))
