"""Open any image the same way, and say in plain words why one cannot be used.

An image is read as RGB, 8 bits: EXIF orientation applied, 16-bit values scaled, transparency laid on white, CMYK
converted, the first frame of several. Colour profiles are not applied, as in the pipelines that models are trained
with. A path is checked against its root each time it is opened, so that a link made later leads nowhere either.
"""

from __future__ import annotations

import functools
import io
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import PIL
from PIL import Image, UnidentifiedImageError

from audit.dataset import IMAGE_COLUMN, PIXEL_CAP, empty_quarantine
from audit.image_files import (
    EMPTY,
    FORBIDDEN,
    MISSING,
    NOT_AN_IMAGE,
    TRUNCATED,
    ImageProblem,
    facts_of_files,
    hash_file,
    hash_files,
    hash_paths,
    regular_file,
)
from audit.truncation import is_truncated

__all__ = [
    "IMAGE_SUFFIXES",
    "PIXEL_CAP",
    "ImageProblem",
    "check_files",
    "hash_file",
    "hash_files",
    "hash_paths",
    "open_bytes",
    "open_image",
    "open_small",
]

IMAGE_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".gif",
        ".jp2",
        ".j2k",
    }
    | {".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".tga"},
)
"""File endings that count as images when a folder is searched; a table may name any file."""

# EPS and WMF start other programs or need a renderer; the others are containers without a decoder.
_REFUSED_FORMATS = frozenset({"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC"})
_COMMON_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    struct.error,
    zlib.error,
)
_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112


def open_image(path: str | Path, *, root: Path, pixel_cap: int = PIXEL_CAP) -> Image.Image:
    """Return an image as upright RGB, decoded.

    Parameters
    ----------
    path
        The file, relative to ``root`` or absolute.
    root
        Folder that the file must lie in after links are resolved.
    pixel_cap
        Largest width x height to decode.

    Raises
    ------
    ImageProblem
        If the file cannot be used; ``reason`` says why.
    """
    return _decode(path, root, pixel_cap, at_least=None)


def open_small(path: str | Path, *, root: Path, at_least: int, pixel_cap: int = PIXEL_CAP) -> Image.Image:
    """Return an image for a preview: a JPEG is decoded at a fraction of its size, its shorter side ``at_least`` pixels.

    Pixels differ from :func:`open_image`: never for a model.
    """
    return _decode(path, root, pixel_cap, at_least=at_least)


def open_bytes(content: bytes, *, pixel_cap: int = PIXEL_CAP) -> Image.Image:
    """Return an image that came as bytes, such as an upload, read as :func:`open_image` reads a file.

    Raises
    ------
    ImageProblem
        If it cannot be used.
    """
    return _decode_file(io.BytesIO(content), len(content), pixel_cap, at_least=None)


def check_files(metadata: pd.DataFrame, root: Path, pixel_cap: int = PIXEL_CAP) -> pd.DataFrame:
    """Return the samples whose file cannot be used, as far as that shows without decoding it.

    Missing, empty and escaping files, headers that are no image's, and images above the cap are found; a file cut
    off behind its header is found when it is decoded. Rows without a path have no image and are not listed.

    Parameters
    ----------
    metadata
        Indexed by ``sample_id``, with a column ``filepath``.
    root
        Folder that every image must lie in.
    pixel_cap
        Largest width x height allowed.

    Returns
    -------
    DataFrame
        Index ``sample_id``, columns ``filepath`` and ``reason``.
    """
    if IMAGE_COLUMN not in metadata.columns:
        return empty_quarantine()
    paths = metadata[IMAGE_COLUMN].dropna().astype("str")

    def measure(real: str) -> str:
        try:
            with open(real, "rb") as file:  # noqa: PTH123 - as above
                width, height = _identify(file, os.fstat(file.fileno()).st_size).size
        except ImageProblem as problem:
            return problem.reason
        except PermissionError:
            return FORBIDDEN
        return f"{width} x {height}"

    # A newer Pillow may read what an older one could not.
    answers = facts_of_files(f"header {PIL.__version__}", list(paths), root, measure)
    reasons = [_over_cap(answer, pixel_cap) if problem is None else problem for answer, problem in answers]
    listed = pd.DataFrame({"filepath": paths, "reason": pd.Series(reasons, index=paths.index, dtype="str")})
    return listed[listed["reason"] != ""]


def _over_cap(answer: str, pixel_cap: int) -> str:
    """Return the reason in a header's answer: that of the header itself, or that it is larger than the cap."""
    width, separator, height = answer.partition(" x ")
    if not separator or not width.isdigit():
        return answer
    return _cap_reason(int(width), int(height)) if int(width) * int(height) > pixel_cap else ""


def _cap_reason(width: int, height: int) -> str:
    return f"larger than the pixel cap ({width} x {height})"


def _decode(path: str | Path, root: Path, pixel_cap: int, at_least: int | None) -> Image.Image:
    real, status = regular_file(path, root)
    try:
        with open(real, "rb") as file:  # noqa: PTH123 - as above
            return _decode_file(file, status.st_size, pixel_cap, at_least)
    except PermissionError as error:
        raise ImageProblem(FORBIDDEN) from error
    except FileNotFoundError as error:
        raise ImageProblem(MISSING) from error


def _decode_file(file: BinaryIO, size: int, pixel_cap: int, at_least: int | None) -> Image.Image:
    try:
        image = _identify(file, size)
        if image.width * image.height > pixel_cap:
            raise ImageProblem(_cap_reason(image.width, image.height))
        if at_least is not None:
            image.draft("RGB", (at_least, at_least))
        try:
            image.load()
            return _upright(image)
        except _DECODER_ERRORS as error:
            raise _problem(file, size, error) from error
    except MemoryError as error:
        raise ImageProblem("unreadable: not enough memory") from error


@functools.cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return (*_COMMON_FORMATS, *(name for name in Image.ID if name not in _REFUSED_FORMATS | {*_COMMON_FORMATS}))


def _identify(file: BinaryIO, size: int) -> Image.Image:
    """Return the image with its header read; nothing is decoded."""
    if size == 0:
        raise ImageProblem(EMPTY)
    _silence_pillow()
    try:
        return Image.open(file, formats=_formats())
    except Image.DecompressionBombError:
        return _open_beyond_pillow_limit(file)
    except UnidentifiedImageError as error:
        raise ImageProblem(TRUNCATED if is_truncated(file, size, "") else NOT_AN_IMAGE) from error
    except _DECODER_ERRORS as error:
        raise _problem(file, size, error) from error


def _open_beyond_pillow_limit(file: BinaryIO) -> Image.Image:
    """Return the header of an image that Pillow refuses by a limit of the whole process; ours is a parameter."""
    file.seek(0)
    prefix = file.read(16)
    for name in _formats():
        factory, accepts = Image.OPEN[name]
        if accepts is not None and accepts(prefix) is True:
            file.seek(0)
            return factory(file, "")
    raise ImageProblem(NOT_AN_IMAGE)


def _silence_pillow() -> None:
    """Keep Pillow's remarks on metadata, palettes and size from leaking: what matters is a reason in the quarantine.

    ``warnings.catch_warnings`` is not safe in threads, so one filter, for Pillow's own modules, is kept in front.
    """
    first = warnings.filters[0] if warnings.filters else None
    if first is None or first[0] != "ignore" or getattr(first[3], "pattern", None) != r"PIL\.":
        warnings.filterwarnings("ignore", module=r"PIL\.")


def _problem(file: BinaryIO, size: int, error: BaseException) -> ImageProblem:
    message = " ".join(str(error).split()) or type(error).__name__
    if is_truncated(file, size, message):
        return ImageProblem(TRUNCATED)
    return ImageProblem(f"unreadable: {message[:120]}")


def _upright(image: Image.Image) -> Image.Image:
    orientation = _orientation(image)
    converted = _to_rgb(image)
    return converted.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else converted


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where there is none; damaged EXIF counts as none, the pixels being whole."""
    info = image.info
    if image.format != "TIFF" and not any(
        key in info for key in ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")
    ):
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except _DECODER_ERRORS:
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    mode = image.mode
    transparent = "transparency" in image.info
    if mode == "RGB" and not transparent:
        return image
    if mode in {"RGBA", "LA", "PA", "RGBa", "La"} or (transparent and mode in {"P", "L", "RGB", "1"}):
        return _on_white(image)
    if mode.startswith("I") or mode == "F":
        return _scaled(image)
    if mode == "LAB":
        from PIL import ImageCms

        profiles = (ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"))
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        assert converted is not None
        return converted
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    layered = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = layered.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return layered.convert("RGB")
    white = Image.new("RGB", layered.size, (255, 255, 255))
    white.paste(layered.convert("RGB"), mask=alpha)
    return white


def _scaled(image: Image.Image) -> Image.Image:
    """Return 16-bit, integer and floating-point greys as 8 bits, by the scale that their values imply."""
    values = np.asarray(image).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and image.format in {"PNG", "PPM"})
    if not (np.isfinite(values).all() and low >= 0 and high <= 65535):
        raise ImageProblem(f"unreadable: pixel values from {low:g} to {high:g} have no known scale")
    if sixteen or high > 255:
        values /= 257
    elif image.mode == "F" and high <= 1:
        values *= 255
    return Image.fromarray(np.rint(values).astype(np.uint8)).convert("RGB")
