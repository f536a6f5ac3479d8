"""What an audit shows beside its figures: rows of pictures with captions, and plots that belong to one row."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from audit.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from audit.base import Figure

Box = tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Picture:
    """One picture with the few words below it.

    Parameters
    ----------
    sample_id
        The sample whose thumbnail is shown; a click opens it. Empty for a picture that is no sample.
    caption
        Words below the picture.
    tag
        A few words in a small tag over the caption: subgroup, class, center.
    wrong
        Whether the caption is struck through, as a wrong prediction is.
    box
        A frame drawn onto the picture: left, top, right and bottom as shares of its sides, 0 to 1.
    image
        Shown in place of the thumbnail: a heat map over the sample, a changed image.

    Raises
    ------
    InputError
        If there is neither a sample nor an image, or the box leaves the picture.
    """

    sample_id: str = ""
    caption: str = ""
    tag: str = ""
    wrong: bool = False
    box: Box | None = None
    image: Image.Image | None = None

    def __post_init__(self) -> None:
        if not self.sample_id and self.image is None:
            raise InputError("`sample_id` or `image` must be given; a picture shows one of them.")
        if self.box is not None:
            left, top, right, bottom = self.box
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise InputError(f"`box` must be left < right and top < bottom as shares of 0 to 1; got {self.box}.")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PictureGroup:
    """Pictures side by side under one heading, such as "typical" and "boundary".

    Parameters
    ----------
    title
        Heading; empty for none.
    pictures
        In order.
    """

    title: str
    pictures: tuple[Picture, ...]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PictureRow:
    """One row of a panel: a class, an atom, a pair, a sample with its neighbours.

    Parameters
    ----------
    title
        Heading.
    text
        A sentence below it.
    groups
        Groups of pictures from left to right; they wrap where the screen is narrow.
    where
        The ``where`` JSON that the row leads to; empty for none.
    """

    title: str
    text: str = ""
    groups: tuple[PictureGroup, ...] = ()
    where: str = ""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """A part of an audit's page: a heading, a sentence, rows of pictures, figures.

    Parameters
    ----------
    title
        Heading; unique on the page.
    text
        What it shows, in a sentence or two.
    rows
        Rows of pictures; shown a few at a time.
    figures
        Plots that belong to what is shown here.
    """

    title: str
    text: str = ""
    rows: tuple[PictureRow, ...] = ()
    figures: tuple[Figure, ...] = ()
