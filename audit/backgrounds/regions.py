"""Where the subject of an image is: from its mask, its box, the model's own saliency, or the middle of the image.

A mask file is an image (any value but 0 is the subject; in files with several values 255 is void and counts as
background, as in VOC) or an array saved by numpy (true or above 0). Saliency is gradient x input of the model's
strongest output, summed over channels, smoothed, and cut where it leaves the wanted share of the image.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from audit.dataset import IMAGE_COLUMN
from audit.device_variant import DrawnRegion, FoundRegion, Region
from audit.errors import InputError
from audit.image_files import ImageProblem, hash_paths, regular_file
from audit.roles import normalised
from audit.store import array_hash

if TYPE_CHECKING:
    import torch

    from audit.dataset import Dataset
    from audit.models.base import Model

RegionSource = Literal["auto", "mask", "box", "saliency", "center"]

REGION_WORDS: Mapping[str, str] = {
    "MaskRegion": "the masks of the data",
    "BoxRegion": "the boxes of the data",
    "SaliencyRegion": "the model's own saliency",
    "CenterRegion": "the middle of each image",
}

BOX_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("x_min", "y_min", "x_max", "y_max"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("bbox_x", "bbox_y", "bbox_width", "bbox_height"),
    ("box_x", "box_y", "box_width", "box_height"),
)
"""Names of the columns that hold boxes in pixels; the last two kinds give width and height."""

_NO_MASK = "without a mask"
_NO_BOX = "without a box"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskRegion(DrawnRegion):
    """The masks that came with the data.

    Parameters
    ----------
    column
        Column of the mask files, relative to the dataset's root.
    """

    column: str

    def depends_on(self, dataset: Dataset) -> Mapping[str, Any]:
        """Return the hash of the masks' contents."""
        assert dataset.root is not None
        hashes = hash_paths(dataset.metadata[self.column], dataset.root)
        return {"masks": array_hash(np.asarray(hashes, dtype=np.str_))}

    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:  # noqa: ARG002
        """Return the mask in its own size."""
        assert dataset.root is not None
        path: Any = dataset.metadata.loc[sample_id, self.column]
        if pd.isna(path):
            raise ImageProblem(_NO_MASK)
        try:
            file, _ = regular_file(str(path), dataset.root)
            mask = _array_mask(file) if str(path).lower().endswith(".npy") else _image_mask(file, dataset.pixel_cap)
        except ImageProblem as problem:
            raise ImageProblem(f"mask: {problem.reason}") from problem
        except (OSError, ValueError, SyntaxError) as error:
            raise ImageProblem("mask cannot be read") from error
        return Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))


def _image_mask(file: str, pixel_cap: int) -> np.ndarray:
    with Image.open(file) as opened:
        if opened.width * opened.height > pixel_cap:
            raise ImageProblem("larger than the pixel cap")
        values = np.asarray(opened)
    if values.ndim == 3:
        values = values[:, :, :3].max(axis=2)
    several = values.dtype == np.uint8 and bool(((values > 0) & (values < 255)).any())
    return (values > 0) & (values < 255) if several else values > 0


def _array_mask(file: str) -> np.ndarray:
    values = np.squeeze(np.load(file, allow_pickle=False))
    if values.ndim == 3:
        values = values.max(axis=0 if values.shape[0] in {1, 3} else 2)
    if values.ndim != 2:
        raise ImageProblem("not a two-dimensional array")
    return cast("np.ndarray", values > 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoxRegion(DrawnRegion):
    """The boxes that came with the data.

    Parameters
    ----------
    columns
        Columns of the left, upper, right and lower edge in pixels; or of left, upper, width and height.
    """

    columns: tuple[str, str, str, str]

    def depends_on(self, dataset: Dataset) -> Mapping[str, Any]:
        """Return the hash of the boxes."""
        return {"boxes": array_hash(dataset.metadata[list(self.columns)].to_numpy(dtype=np.float64))}

    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:
        """Return the filled box."""
        edges = [float(dataset.metadata[column].loc[sample_id]) for column in self.columns]
        if not np.isfinite(edges).all():
            raise ImageProblem(_NO_BOX)
        left, top, right, bottom = edges
        if normalised(self.columns[2]).endswith("width"):
            right, bottom = left + right, top + bottom
        drawn = Image.new("L", image.size)
        if right > left and bottom > top:
            ImageDraw.Draw(drawn).rectangle((left, top, right - 1, bottom - 1), fill=255)
        return drawn


@dataclasses.dataclass(frozen=True, kw_only=True)
class CenterRegion(DrawnRegion):
    """The middle of each image, where photographers put their subject.

    Parameters
    ----------
    share
        Share of each side that the middle takes, in (0, 1).
    """

    share: float = 0.6

    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:  # noqa: ARG002
        """Return the filled middle of the square that models see."""
        drawn = Image.new("L", image.size)
        half = self.share * min(image.size) / 2
        x, y = image.width / 2, image.height / 2
        ImageDraw.Draw(drawn).rectangle((x - half, y - half, x + half - 1, y + half - 1), fill=255)
        return drawn


@dataclasses.dataclass(frozen=True, kw_only=True)
class SaliencyRegion(FoundRegion):
    """The part of the image that the model's strongest output rests on (gradient x input).

    Parameters
    ----------
    share
        Share of the pixels that count as the subject, in (0, 1).
    """

    share: float = 0.25
    cells: ClassVar[int] = 14

    def find(self, model: Model, images: torch.Tensor) -> torch.Tensor:
        """Return 255 where the smoothed saliency is among the largest values of the image."""
        import torch
        from torch.nn import functional

        with torch.inference_mode(mode=False), torch.enable_grad():
            shown = model.preprocessing.normalise(images.clone()).requires_grad_()
            output = cast("Any", model).forward_images(shown).float()
            strongest = output.amax(dim=1) if "classifier" in model.abilities else output.square().sum(dim=1)
            (gradient,) = torch.autograd.grad(strongest.sum(), shown)
        salience = (gradient * shown).abs().sum(dim=1, keepdim=True).detach()
        cells = functional.adaptive_avg_pool2d(salience, self.cells)
        cells = functional.avg_pool2d(cells, 3, stride=1, padding=1, count_include_pad=False)
        smooth = functional.interpolate(cells, size=images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
        edge = torch.quantile(smooth.flatten(1), 1 - self.share, dim=1)[:, None, None]
        return (smooth > edge).to(torch.uint8) * 255


def choose_region(dataset: Dataset, model: Model, source: RegionSource = "auto") -> Region:
    """Return where subjects are taken to be.

    Parameters
    ----------
    dataset, model
        What there is to tell it by.
    source
        ``auto`` takes masks, else boxes, else the middle of each image.

    Raises
    ------
    InputError
        If the source is not there.
    """
    mask, boxes = dataset.roles.mask, box_columns(dataset)
    if source in {"auto", "mask"} and mask is not None:
        return MaskRegion(column=mask)
    if source in {"auto", "box"} and boxes is not None:
        return BoxRegion(columns=boxes)
    if source in {"auto", "center"}:
        return CenterRegion()
    if source == "saliency" and hasattr(model, "forward_images") and not set(model.abilities) <= {"text_encoder"}:
        return SaliencyRegion()
    lacking = {
        "mask": f"'{dataset.name}' has no column of masks",
        "box": f"'{dataset.name}' has no columns of boxes ({', '.join(BOX_COLUMNS[0])})",
    }
    reason = lacking.get(source, f"{model.name} gives no gradients")
    raise InputError(f"`region` must be something that is there: {reason}. Choose another region.")


def box_columns(dataset: Dataset) -> tuple[str, str, str, str] | None:
    """Return the columns that hold boxes, ``None`` without them."""
    known = {normalised(column): str(column) for column in dataset.metadata.columns if column != IMAGE_COLUMN}
    for names in BOX_COLUMNS:
        if all(name in known and pd.api.types.is_numeric_dtype(dataset.metadata[known[name]]) for name in names):
            left, top, right, bottom = (known[name] for name in names)
            return left, top, right, bottom
    return None
