"""Whether the heat tells the truth: places are removed from images, and the network is asked again.

    deletion     cells go in the order of the heat, the hottest first; the class's probability is followed
    insertion    cells come in that order into an empty image: the deletion in inverse order, read backwards
    removal      the cells that belong to one part go; the logit's drop is held against what the part claimed
    random       the network's weights are shuffled; heat that stays the same did not come from what it learned

An emptied cell has the image's mean colour. Areas under the curves by the trapezoid rule over equal steps.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from audit.outputs import PROMPTS, PhraseEmbeddings, unit_rows
from audit.progress import counted
from audit.prototypes.passes import batches

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.prototypes.case import Case
    from audit.prototypes.likeness import Likener
    from audit.prototypes.part_search import PartSet

    Scorer = Callable[[torch.Tensor], NDArray[np.float64]]

STEPS = 7
"""Equal steps of each curve."""

SHARPNESS = 16.0
"""Scale of the cosines to class means for a model that cannot name classes."""


@dataclasses.dataclass(frozen=True, eq=False)
class Curves:
    """What removing places does.

    Parameters
    ----------
    rows
        The samples: (n,).
    deletion, inverse, random
        Probability of the class after each step (n, steps + 1), cells removed in the order of the heat, in inverse
        order, and in random order.
    claimed, actual
        What the places of a part claimed of the logit, and by how much it dropped: (pairs,).
    randomised
        Spearman correlation of each image's heat with that of the network with shuffled weights: (n,).
    """

    rows: NDArray[np.int64]
    deletion: NDArray[np.float64]
    inverse: NDArray[np.float64]
    random: NDArray[np.float64]
    claimed: NDArray[np.float64]
    actual: NDArray[np.float64]
    randomised: NDArray[np.float64]


def named_scores(dataset: Dataset, model: Model, classes: Sequence[str]) -> Scorer | None:
    """Return the function from uint8 images to the model's own logits of named classes: float64 (b, classes).

    A classifier's own logits, else scaled cosines to the class names; ``None`` for a model that knows no names.
    """
    from audit.models.classes import match_classes

    any_model = cast("Any", model)
    if "classifier" in model.abilities and not match_classes(any_model, classes).problems:
        matched = match_classes(any_model, classes)
        return lambda images: np.asarray(matched.select(any_model.logits(images)).double().cpu().numpy())
    if {"image_encoder", "text_encoder"} <= model.abilities:
        phrases = tuple(name.replace("_", " ") for name in classes)
        targets = PhraseEmbeddings(phrases=phrases, templates=PROMPTS).compute(dataset, model)
        return _cosines(any_model, targets, float(any_model.logit_scale))
    return None


def class_scores(dataset: Dataset, model: Model, case: Case) -> Scorer:
    """Return the function from uint8 images to logits of the case's classes: float64 (b, classes).

    A classifier's own logits, else scaled cosines to the class names, else to the classes' mean embeddings.
    """
    named = named_scores(dataset, model, case.classes)
    if named is not None:
        return named
    present = [case.unit[case.code == place] for place in range(len(case.classes))]
    targets = unit_rows(np.stack([rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1]) for rows in present]))
    return _cosines(cast("Any", model), targets, SHARPNESS)


def _cosines(model: Any, targets: NDArray[np.floating], scale: float) -> Scorer:
    def score(images: torch.Tensor) -> NDArray[np.float64]:
        vectors = unit_rows(model.encode_image(images).cpu().numpy())
        return np.asarray(scale * vectors.astype(np.float64) @ targets.T)

    return score


def probability(logits: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    """Return the softmax probability of one class, (b,)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted[:, place] / shifted.sum(axis=1))


def class_heat(
    features: NDArray[np.floating],
    own: NDArray[np.floating],
    others: NDArray[np.floating],
    weight: NDArray[np.floating] | None,
) -> NDArray[np.float64]:
    """Return a class's heat by place (h, w).

    With a linear head on the mean of the features: the logit's exact split over places. Otherwise how much more alike
    a place is to the class's nearest part than to the nearest part of any other class: similarity, not decomposition.

    Parameters
    ----------
    features
        (h, w, d).
    own, others
        Similarities to the parts of the class and of all other classes (h w, parts).
    weight
        Of the linear head; ``None`` without one.
    """
    height, width = features.shape[:2]
    if weight is not None:
        return np.asarray(features @ weight / (height * width), dtype=np.float64)
    value: NDArray[np.float64] = own.max(axis=1).astype(np.float64)
    if others.shape[1]:
        value -= others.max(axis=1)
    return np.asarray(value).reshape(height, width)


def emptied(image: torch.Tensor, gone: NDArray[np.bool_]) -> torch.Tensor:
    """Return copies of an image with cells emptied.

    Parameters
    ----------
    image
        uint8 (3, H, W).
    gone
        Which cells of the grid are emptied in each copy (copies, h, w).

    Returns
    -------
    Tensor
        uint8 (copies, 3, H, W).
    """
    import torch

    height, width = image.shape[-2:]
    rows = (np.arange(height) * gone.shape[1]) // height
    columns = (np.arange(width) * gone.shape[2]) // width
    mask = torch.from_numpy(gone[:, rows][:, :, columns]).to(image.device)[:, None]
    mean = image.float().mean(dim=(1, 2)).round().to(torch.uint8)[None, :, None, None]
    return torch.where(mask, mean, image[None])


def removal_order(order: NDArray[np.int64], grid: tuple[int, int], steps: int = STEPS) -> NDArray[np.bool_]:
    """Return which cells are gone after each of ``steps`` equal steps, none and all included: (steps + 1, h, w)."""
    cells = grid[0] * grid[1]
    gone = np.zeros((steps + 1, cells), dtype=bool)
    for step in range(steps + 1):
        gone[step, order[: round(step * cells / steps)]] = True
    return gone.reshape(steps + 1, *grid)


def area(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area under each curve (n, steps + 1), by the trapezoid rule, in the curve's own unit: (n,)."""
    return np.asarray(np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1))


@dataclasses.dataclass(frozen=True, eq=False)
class Heater:
    """Makes the heat of a class in an image.

    Parameters
    ----------
    case
        The samples.
    likener, parts
        The prototypes.
    weights
        Of the linear head on pooled features by class code; empty without one.
    """

    case: Case
    likener: Likener
    parts: PartSet
    weights: dict[int, NDArray[np.float32]]

    def heat(self, image: torch.Tensor, place: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return an image's heat for a class (h, w), and which of the class's parts each place is most like."""
        features = self.likener.features(image[None])
        own = np.flatnonzero(self.parts.place == place)
        maps = self.likener.compare(features)[0].cpu().numpy()
        shown = features[0].cpu().numpy()
        heat = class_heat(shown, maps[:, own], np.delete(maps, own, axis=1), self.weights.get(place))
        return heat, maps[:, own].argmax(axis=1).reshape(shown.shape[:2])


def follow(dataset: Dataset, model: Model, heater: Heater, rows: NDArray[np.int64], *, seed: int) -> Curves:
    """Remove places of some images and ask the network again.

    Parameters
    ----------
    dataset, model
        Whose.
    heater
        What the heat is made of.
    rows
        The samples; those of classes with parts.
    seed
        Seed of the random orders and of the shuffled weights.
    """
    score = class_scores(dataset, model, heater.case)
    kept: list[int] = []
    images: list[torch.Tensor] = []
    for batch in batches(dataset, model, rows):
        kept += batch.rows.tolist()
        images += list(batch.images)
    pairs = counted(zip(kept, images, strict=True), "Removing places, image by image", len(kept))
    found = [_image(heater, score, row, image, seed=seed) for row, image in pairs]
    width = STEPS + 1
    other = _shuffled_heat(dataset, heater, kept, images, seed=seed)
    return Curves(
        rows=np.asarray(kept, dtype=np.int64),
        deletion=np.asarray([each.deletion for each in found]).reshape(-1, width),
        inverse=np.asarray([each.inverse for each in found]).reshape(-1, width),
        random=np.asarray([each.random for each in found]).reshape(-1, width),
        claimed=np.concatenate([np.zeros(0), *(each.claimed for each in found)]),
        actual=np.concatenate([np.zeros(0), *(each.actual for each in found)]),
        randomised=_correlations([each.heat for each in found], other),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Followed:
    heat: NDArray[np.float64]
    deletion: NDArray[np.float64]
    inverse: NDArray[np.float64]
    random: NDArray[np.float64]
    claimed: NDArray[np.float64]
    actual: NDArray[np.float64]


def _image(heater: Heater, score: Scorer, row: int, image: torch.Tensor, *, seed: int) -> _Followed:
    place = int(heater.case.code[row])
    own = int((heater.parts.place == place).sum())
    heat, assigned = heater.heat(image, place)
    grid = (heat.shape[0], heat.shape[1])
    order = np.argsort(-heat.ravel(), kind="stable")
    chance = np.random.default_rng([seed, row]).permutation(heat.size)
    orders = [removal_order(each, grid) for each in (order, order[::-1], chance)]
    belongs = assigned[None] == np.arange(own)[:, None, None]
    # None and all gone are the same in every order.
    batch = np.concatenate([orders[0], *(each[1:-1] for each in orders[1:]), belongs])
    logits = score(emptied(image, batch))
    values = probability(logits, place)
    width = STEPS + 1
    first, last = values[0], values[STEPS]
    inverse = np.concatenate([[first], values[width : width + STEPS - 1], [last]])
    random = np.concatenate([[first], values[width + STEPS - 1 : width + 2 * (STEPS - 1)], [last]])
    some = belongs.any(axis=(1, 2))
    warm = heat if place in heater.weights else np.maximum(heat - heat.min(), 0)
    claimed = (warm[None] * belongs).sum(axis=(1, 2))[some]
    actual = (logits[0, place] - logits[width + 2 * (STEPS - 1) :, place])[some]
    return _Followed(heat, values[:width], inverse, random, claimed, actual)


def _shuffled_heat(
    dataset: Dataset, heater: Heater, rows: list[int], images: list[torch.Tensor], *, seed: int
) -> list[NDArray[np.float64]]:
    """Return the heat of the network with shuffled weights, its prototypes read anew at the same places."""
    import torch

    likener, parts = heater.likener, heater.parts
    random = shuffled(likener.model, seed=seed)
    if random is None or not rows or likener.trained is not None:
        return []
    sources, where = np.unique(parts.row, return_inverse=True)
    read = [batch.images for batch in batches(dataset, random, sources)]
    features = torch.cat([cast("Any", random).patch_features(each) for each in read])
    vectors = features.flatten(1, 2).cpu().numpy()[where, parts.cell]
    other = dataclasses.replace(heater, likener=type(likener)(random, vectors, likener.kind))
    return [other.heat(image, int(heater.case.code[row]))[0] for row, image in zip(rows, images, strict=True)]


def shuffled(model: Model, *, seed: int) -> Model | None:
    """Return a copy of a model with the entries of every weight shuffled; ``None`` for a model without a network."""
    import torch

    if not hasattr(model, "module"):
        return None
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in cast("Any", other).module.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    return other


def _correlations(heat: list[NDArray[np.float64]], other: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return Spearman's correlation of each pair of maps; NaN where one is constant."""
    from scipy import stats

    found = []
    for one, two in zip(heat, other, strict=False):
        flat = np.ptp(one) == 0 or np.ptp(two) == 0
        found.append(np.nan if flat else float(stats.spearmanr(one.ravel(), two.ravel()).statistic))
    return np.asarray(found, dtype=np.float64)
