"""How alike images and prototypes are, before and after five changes: one pass over the images to be explained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from audit.errors import InputError
from audit.progress import counted
from audit.prototypes.looks import colourless, looks
from audit.prototypes.modifications import CHARACTERISTICS, modified, pixel_rms
from audit.prototypes.parts import EPSILON, Similarity
from audit.prototypes.passes import PatchEncoder, Shown, batches
from audit.prototypes.rivals import lead, rivals

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.prototypes.checkpoint import TrainedPrototypes
    from audit.prototypes.curves import Scorer

NOISE = 0.05
"""Standard deviation (of values in 0 to 1) of the noise that a stable prototype stands."""


class Likener:
    """Compares dense features with prototypes on the model's device.

    Parameters
    ----------
    model
        Shows features by place.
    vectors
        Prototypes (P, d).
    kind
        Cosine or ProtoPNet's similarity.
    trained
        A trained ProtoPNet-like model's own layers between features and prototypes, if there are any.
    scorer
        From uint8 images to logits (b, classes), asked in the same pass; ``None`` where none are wanted.
    """

    def __init__(
        self,
        model: Model,
        vectors: NDArray[np.float32],
        kind: Similarity = "cosine",
        trained: TrainedPrototypes | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        import torch

        self.model, self.kind, self.trained, self.scorer = model, kind, trained, scorer
        self.vectors = torch.from_numpy(np.array(vectors, dtype=np.float32, order="C")).to(model.device)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, h, w, d) of uint8 images, past the trained layers where there are any."""
        found = cast("PatchEncoder", self.model).patch_features(images)
        return found if self.trained is None else self.trained.transform(found)

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return similarities by place, float32 (b, h w, P), of uint8 images."""
        return self.compare(self.features(images))

    def maps_and_scores(self, images: torch.Tensor) -> tuple[torch.Tensor, NDArray[np.float64] | None]:
        """Return :meth:`maps` and the logits (b, classes) of the same images, where a scorer is given."""
        if self.scorer is None:
            return self.maps(images), None
        together = getattr(self.model, "patch_features_during", None)
        if together is None or self.trained is not None:
            return self.maps(images), self.scorer(images)
        scorer = self.scorer
        features, scores = together(lambda: scorer(images))
        return self.compare(features), scores

    def compare(self, features: torch.Tensor) -> torch.Tensor:
        """Return similarities (b, h w, P) of features (b, h, w, d)."""
        import torch
        from torch.nn.functional import normalize

        with torch.inference_mode():
            places = features.flatten(1, 2)
            if self.kind == "cosine":
                return normalize(places, dim=-1) @ normalize(self.vectors, dim=-1).T
            own, other = places.square().sum(-1, keepdim=True), self.vectors.square().sum(-1)
            distance = (own - 2 * places @ self.vectors.T + other).clamp_min_(0)
            return torch.log((distance + 1) / (distance + EPSILON))


@dataclasses.dataclass(frozen=True, eq=False)
class Likeness:
    """How alike images and prototypes are.

    Parameters
    ----------
    rows
        The samples explained: (n,).
    g, peak
        Similarity and position on the grid of the place most like each prototype: (n, P).
    phi
        Local phi (strengths, characteristics, n, P): the first strength of every image, the others of the first
        ``dosed`` images; NaN elsewhere.
    moved
        Whether the most similar place is elsewhere after the change, at the first strength: (characteristics, n, P).
    rms
        Root mean square change of the pixels, 0 to 255: (strengths, characteristics, n).
    identity
        phi of the control that changes nothing, of the first batch: (b, P).
    grey
        Whether the image has no colour: (n,).
    seen
        What each place looks like to a person (n, h, w, D).
    shaken
        Position of the most similar place under noise, of the first ``dosed`` images: (dosed, P).
    lead
        Lead of each sample's class over the best other one, before and after each change at the first strength:
        (1 + characteristics, n); NaN without a scorer.
    rival
        Code of the best other class before any change: (n,); -1 without a scorer.
    """

    rows: NDArray[np.int64]
    g: NDArray[np.float32]
    peak: NDArray[np.int64]
    phi: NDArray[np.float32]
    moved: NDArray[np.bool_]
    rms: NDArray[np.float32]
    identity: NDArray[np.float32]
    grey: NDArray[np.bool_]
    seen: NDArray[np.float32]
    shaken: NDArray[np.int64]
    lead: NDArray[np.float64]
    rival: NDArray[np.int64]


def measure(
    dataset: Dataset,
    likener: Likener,
    rows: NDArray[np.int64],
    *,
    strengths: Sequence[NDArray[np.float64]],
    dosed: int,
    seed: int,
    code: NDArray[np.int64] | None = None,
) -> Likeness:
    """Compare images with prototypes before and after the changes.

    Parameters
    ----------
    dataset
        Whose images.
    likener
        The prototypes.
    rows
        The samples.
    strengths
        Strengths of the characteristics, one array (characteristics,) a dose; the first is that of every image.
    dosed
        Images that get every dose and the noise: the first ones.
    seed
        Seed of the noise.
    code
        Class of every sample of the dataset, for the leads; needed with a scorer.
    """
    parts: list[Likeness] = []
    for chosen, doses, noise in ((rows[:dosed], strengths, True), (rows[dosed:], strengths[:1], False)):
        shown = batches(dataset, likener.model, chosen)
        done = sum(len(part.rows) for part in parts)
        for batch in counted(shown, "Changing images", len(rows), done=done, size=lambda batch: len(batch.rows)):
            own = None if code is None else code[batch.rows]
            piece = _piece(
                batch, likener, doses, len(strengths), first=not parts, noise=seed if noise else None, code=own
            )
            parts.append(piece)
    if not parts:
        raise InputError(f"`images` of '{dataset.name}' must hold one that can be explained; none could be read.")
    return Likeness(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts], axis=_SAMPLES.get(field.name, 0))
            for field in dataclasses.fields(Likeness)
        }
    )


_SAMPLES = {"phi": 2, "moved": 1, "rms": 2, "lead": 1}
"""Axis of the samples, where it is not the first."""


def _piece(
    batch: Shown,
    likener: Likener,
    doses: Sequence[NDArray[np.float64]],
    width: int,
    *,
    first: bool,
    noise: int | None,
    code: NDArray[np.int64] | None,
) -> Likeness:
    images = batch.images
    maps, scores = likener.maps_and_scores(images)
    g, peak = maps.max(dim=1)
    b, p = g.shape
    leads = np.full((1 + len(CHARACTERISTICS), b), np.nan)
    rival = np.full(b, -1, dtype=np.int64)
    if scores is not None and code is not None and scores.shape[1] > 1:
        rival = rivals(scores, code)
        leads[0] = lead(scores, code)
    phi = np.full((width, len(CHARACTERISTICS), b, p), np.nan, dtype=np.float32)
    rms = np.full((width, len(CHARACTERISTICS), b), np.nan, dtype=np.float32)
    moved = np.zeros((len(CHARACTERISTICS), b, p), dtype=bool)
    for dose, strengths in enumerate(doses):
        for place, (kind, strength) in enumerate(zip(CHARACTERISTICS, strengths.tolist(), strict=True)):
            changed = modified(images, kind, strength)
            if dose == 0 and code is not None and rival[0] >= 0:
                after, scores = likener.maps_and_scores(changed)
                assert scores is not None
                leads[1 + place] = lead(scores, code)
            else:
                after = likener.maps(changed)
            phi[dose, place] = (g - _at(after, peak)).cpu().numpy()
            rms[dose, place] = pixel_rms(images, changed)
            if dose == 0:
                moved[place] = (after.argmax(dim=1) != peak).cpu().numpy()
    # The same batch once more: any difference would be the machinery's own.
    same = np.zeros((0, p), dtype=np.float32)
    if first:
        same = (g - _at(likener.maps(modified(images, "identity")), peak)).cpu().numpy()
    shaken = np.zeros((0, p), dtype=np.int64)
    if noise is not None:
        shaken = likener.maps(_noisy(images, noise)).argmax(dim=1).cpu().numpy()
    grid = cast("PatchEncoder", likener.model).dense[0].grid
    return Likeness(
        rows=batch.rows,
        g=g.cpu().numpy(),
        peak=peak.cpu().numpy(),
        phi=phi,
        moved=moved,
        rms=rms,
        identity=same,
        grey=colourless(images),
        seen=looks(images, grid),
        shaken=shaken,
        lead=leads,
        rival=rival,
    )


def _at(maps: torch.Tensor, peak: torch.Tensor) -> torch.Tensor:
    return maps.gather(1, peak[:, None])[:, 0]


def _noisy(images: torch.Tensor, seed: int) -> torch.Tensor:
    import torch

    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed)) * (255 * NOISE)
    return (images.float() + noise.to(images.device)).round_().clamp_(0, 255).to(torch.uint8)


def explained_rows(
    tested: NDArray[np.bool_], code: NDArray[np.int64], classes: Sequence[int], n: int, *, seed: int
) -> NDArray[np.int64]:
    """Return the samples to explain, drawn equally from the classes and in turn, so that the first ones are of all.

    Parameters
    ----------
    tested
        Samples that may be explained.
    code
        Class of each sample.
    classes
        Class codes to draw from.
    n
        How many at most.
    seed
        Seed of the draw.
    """
    drawn = [
        np.random.default_rng([seed, place]).permutation(np.flatnonzero(tested & (code == place))) for place in classes
    ]
    turns = [
        rows[turn]
        for turn in range(max((len(rows) for rows in drawn), default=0))
        for rows in drawn
        if turn < len(rows)
    ]
    return np.asarray(turns[:n], dtype=np.int64)
