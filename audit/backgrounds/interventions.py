"""Changed images that tell a background from its subject: blurred, greyed, shuffled, exchanged, with noise.

Changes of the background follow the subject's outline. Changes of the subject cover its bounding box: a hole of the
subject's own shape would still show the shape (``cut="mask"`` makes one, for those who want it). Noise keeps to the
outline on both sides, and has one length (L2 norm) on either.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np
import pandas as pd

from audit.backgrounds.donors import Backgrounds, Rule, donor_rows
from audit.backgrounds.regions import CenterRegion
from audit.base import ImageExtractor, Variant
from audit.dataset import IMAGE_COLUMN
from audit.device_variant import Change, DeviceVariant, DrawnRegion, FoundRegion, Region
from audit.errors import InputError
from audit.images import open_image
from audit.primary_outputs import missing_images
from audit.store import array_hash
from audit.stream import View

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from audit.dataset import Dataset
    from audit.models.base import Model, Preprocessing

Kind = Literal["blur", "grey", "shuffle", "swap_same", "swap_random", "noise", "hue"]
Where = Literal["background", "foreground", "image"]

NAMES: tuple[str, ...] = (
    "background_blur",
    "background_grey",
    "background_shuffle",
    "background_swap_same",
    "background_swap_random",
    "background_noise",
    "foreground_grey",
    "foreground_noise",
    "image_hue",
    "image_shuffle",
)
"""The usual battery; any other pairing of a place and a kind can be asked for."""

WORDS: Mapping[str, str] = {
    "blur": "blurred",
    "grey": "greyed",
    "shuffle": "shuffled in patches",
    "swap_same": "exchanged within the class",
    "swap_random": "exchanged with another class",
    "noise": "with noise",
    "hue": "with hues turned",
}

_NOISE_FIELDS = 32
_ORDERS = 256


def words(name: str) -> str:
    """Return an intervention's name in words: "background greyed"."""
    where, _, kind = name.partition("_")
    return f"{'whole image' if where == 'image' else where} {WORDS[kind]}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Intervention(DeviceVariant):
    """One change of the background, of the subject, or of the whole image.

    Parameters
    ----------
    kind
        What is done.
    where
        To which part.
    region
        Where the subject is.
    cut
        Whether a change of the subject covers its bounding box or follows its outline.
    blur
        Standard deviation of the blur as a share of the shorter side.
    cells
        Patches a side of the shuffle.
    noise
        Standard deviation (of values in [0, 1]) that the noise would have if it were spread over the whole image.
    seed
        Seed of noise, orders of patches and donors.
    """

    kind: Kind
    where: Where = "background"
    region: Region = dataclasses.field(default_factory=CenterRegion)
    cut: Literal["box", "mask"] = "box"
    blur: float = 1 / 16
    cells: int = 8
    noise: float = 0.08
    seed: int = 0

    @property
    def name(self) -> str:
        """Place and kind, as in :data:`NAMES`."""
        return f"{self.where}_{self.kind}"

    def foreground(self) -> Region | None:
        """Return where the subject is; the whole image needs no region."""
        return None if self.where == "image" else self.region

    def depends_on(self, dataset: Dataset) -> Mapping[str, Any]:
        """Return what the region depends on, and the content of each sample's donor."""
        facts = dict(super().depends_on(dataset))
        if self.kind in get_args(Rule):
            content = np.asarray(["", *dataset.content_hashes], dtype=np.str_)
            facts["donors"] = array_hash(content[donor_rows(dataset, cast("Rule", self.kind), self.seed) + 1])
        return facts

    def bind(self, dataset: Dataset, model: Model, preprocessing: Preprocessing) -> Change:
        """Return the change for all samples."""
        return self.bind_to(dataset, model, preprocessing, None)

    def bind_to(self, dataset: Dataset, model: Model, preprocessing: Preprocessing, rows: np.ndarray | None) -> Change:
        """Return the change for the samples of some rows: only their donors are read."""
        alter = self._alteration(dataset, model, preprocessing, rows)

        def change(images: torch.Tensor, regions: torch.Tensor | None, samples: Sequence[str]) -> torch.Tensor:
            return alter(images, self._places(images, regions), samples)

        return change

    def _places(self, images: torch.Tensor, regions: torch.Tensor | None) -> torch.Tensor:
        """Return the pixels that change: boolean (b, h, w)."""
        import torch

        from audit.backgrounds.pixels import boxes

        if self.where == "image":
            return torch.ones((len(images), *images.shape[2:]), dtype=torch.bool, device=images.device)
        assert regions is not None
        subject = regions > 0
        if self.where == "background":
            return ~subject
        return subject if self.cut == "mask" or self.kind == "noise" else boxes(subject)

    def _alteration(
        self, dataset: Dataset, model: Model, preprocessing: Preprocessing, rows: np.ndarray | None
    ) -> Callable[[torch.Tensor, torch.Tensor, Sequence[str]], torch.Tensor]:
        from audit.backgrounds import pixels

        if self.kind == "blur":
            return lambda images, places, _: pixels.blurred(images, places, self.blur)
        if self.kind == "grey":
            red, green, blue = (round(255 * value) for value in preprocessing.mean)
            return lambda images, places, _: pixels.greyed(images, places, (red, green, blue))
        if self.kind == "hue":
            return lambda images, places, _: pixels.hue_turned(images, places)
        if self.kind == "noise":
            fields = self._drawn((_NOISE_FIELDS, 3, *preprocessing.size), model.device, normal=True)
            return lambda images, places, names: pixels.noisy(
                images, places, fields[self._numbers(names, len(fields))], self.noise
            )
        if self.kind == "shuffle":
            keys = self._drawn((_ORDERS, self.cells**2), model.device, normal=False)
            return lambda images, places, names: pixels.shuffled(images, places, keys[self._numbers(names, len(keys))])
        donors = donor_rows(dataset, self.kind, self.seed)
        backgrounds = Backgrounds(dataset, model, preprocessing, self.region, donors=donors, samples=rows)
        return lambda images, places, names: pixels.compose(images, backgrounds.of(names, images), places)

    def _drawn(self, shape: tuple[int, ...], device: str, *, normal: bool) -> torch.Tensor:
        import torch

        generator = torch.Generator().manual_seed(self.seed)
        # On the CPU: the same numbers whatever the device.
        drawn = torch.randn(shape, generator=generator) if normal else torch.rand(shape, generator=generator)
        return drawn.to(device)

    def _numbers(self, names: Sequence[str], below: int) -> list[int]:
        return [zlib.crc32(f"{self.seed}:{self.where}:{name}".encode()) % below for name in names]


def battery(names: Sequence[str], region: Region, *, cut: Literal["box", "mask"], seed: int) -> dict[str, Intervention]:
    """Return interventions by name.

    Parameters
    ----------
    names
        Such as ``background_blur``; see :data:`NAMES`.
    region
        Where subjects are.
    cut, seed
        As in :class:`Intervention`.

    Raises
    ------
    InputError
        If a name is none.
    """
    found = {}
    for name in names:
        where, _, kind = name.partition("_")
        if where not in get_args(Where) or kind not in get_args(Kind) or (where == "image" and kind in get_args(Rule)):
            raise InputError(
                f"`interventions` must be names such as {', '.join(NAMES)}; got '{name}'. "
                "Write the place (background, foreground, image) and what is done to it.",
            )
        intervention = Intervention(
            kind=cast("Kind", kind), where=cast("Where", where), region=region, cut=cut, seed=seed
        )
        found[name] = intervention
    return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShownRegion(DeviceVariant):
    """The subject in white on black.

    Parameters
    ----------
    region
        Where the subject is.
    """

    region: Region

    def foreground(self) -> Region | None:
        """Return where the subject is."""
        return self.region

    def bind(self, dataset: Dataset, model: Model, preprocessing: Preprocessing) -> Change:  # noqa: ARG002
        """Return the change: the region itself."""

        def change(images: torch.Tensor, regions: torch.Tensor | None, samples: Sequence[str]) -> torch.Tensor:  # noqa: ARG001
            assert regions is not None
            return regions[:, None].expand(-1, 3, -1, -1)

        return change


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegionShares(ImageExtractor):
    """Shares of the model's input that the subject (``subject``) and its bounding box (``box``) take: float32 (n,).

    Parameters
    ----------
    region
        Where the subject is.
    """

    region: Region

    def image_variant(self) -> Variant | None:
        """Return the region as an image."""
        return ShownRegion(region=self.region)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when there are no images."""
        return missing_images(dataset)

    def compute(self, model: Model, images: torch.Tensor) -> Mapping[str, torch.Tensor]:  # noqa: ARG002
        """Return the shares of a batch."""
        from audit.backgrounds.pixels import boxes

        subject = images[:, 0] > 0
        return {
            "subject": subject.float().mean(dim=(1, 2)),
            "box": boxes(subject).float().mean(dim=(1, 2)),
        }


def render_variant(
    dataset: Dataset, sample_id: str, variant: Intervention | ShownRegion | None, model: Model
) -> Image.Image:
    """Return what the model sees of a sample under an intervention, as an RGB image; ``None``: unchanged.

    Raises
    ------
    audit.images.ImageProblem
        If the image or its mask cannot be read.
    InputError
        If the dataset has no such sample.
    """
    import torch
    from PIL import Image

    row = int(dataset.index.get_indexer(pd.Index([sample_id]))[0])
    if row < 0 or dataset.root is None:
        raise InputError(f"`sample_id` must be a sample of '{dataset.name}' with an image; got '{sample_id}'.")
    preprocessing = model.preprocessing
    path = str(dataset.metadata[IMAGE_COLUMN].iloc[row])
    image = open_image(path, root=dataset.root, pixel_cap=dataset.pixel_cap)
    pixels = preprocessing.prepare(image)
    if variant is None:
        return Image.fromarray(pixels)
    images = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(model.device)
    region = variant.foreground()
    regions: torch.Tensor | None = None
    if isinstance(region, DrawnRegion):
        mask = View(preprocessing=preprocessing, region=region).mask(image, dataset, sample_id)
        regions = torch.from_numpy(mask.copy())[None].to(model.device)
    elif isinstance(region, FoundRegion):
        regions = region.find(model, images)
    if isinstance(variant, Intervention):
        change = variant.bind_to(dataset, model, preprocessing, np.asarray([row]))
    else:
        change = variant.bind(dataset, model, preprocessing)
    changed = change(images, regions, [sample_id])[0]
    return Image.fromarray(changed.permute(1, 2, 0).cpu().numpy())
