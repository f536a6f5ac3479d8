"""Every kind of image opens the same way; every kind of broken file has its reason."""

from __future__ import annotations

import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps, TiffImagePlugin

from audit.images import ImageProblem, check_files, open_bytes, open_image, open_small


def noise(height: int = 48, width: int = 64, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return head + struct.pack(">I", 4) + b"IDAT" + bytes(8)


def reason(path: str | Path, root: Path, **options: int) -> str:
    with pytest.raises(ImageProblem) as caught:
        open_image(path, root=root, **options)
    return caught.value.reason


LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}, "PPM": {}, "TGA": {}}
FORMATS = {**LOSSLESS, "JPEG": {}, "GIF": {}, "JPEG2000": {}, "AVIF": {}}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_lossless_file_gives_back_its_pixels(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(encoded(noise(), kind, **LOSSLESS[kind]))
    opened = open_image("a.img", root=tmp_path)
    assert opened.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(opened), np.asarray(noise()))


@pytest.mark.parametrize("kind", FORMATS)
def test_an_opened_image_outlives_its_file(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(encoded(noise(), kind, **FORMATS[kind]))
    opened = open_image("a.img", root=tmp_path)
    (tmp_path / "a.img").unlink()
    assert opened.resize((8, 8)).size == (8, 8)
    assert np.asarray(opened.copy()).shape == (48, 64, 3)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_file_cut_in_its_middle_is_truncated(kind: str, share: float, tmp_path: Path) -> None:
    content = encoded(noise(), kind, **FORMATS[kind])
    (tmp_path / "a.jpg").write_bytes(content[: int(share * len(content))])
    assert reason("a.jpg", tmp_path) == "truncated image"


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "tiff_adobe_deflate"])
@pytest.mark.parametrize("cut", [10, 40, -200, -5])
def test_a_compressed_tiff_cut_anywhere_is_truncated(compression: str, cut: int, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(encoded(noise(), "TIFF", compression=compression)[:cut])
    assert reason("a.tif", tmp_path) == "truncated image"


def test_grey_palette_and_two_level_images_become_rgb(tmp_path: Path) -> None:
    for mode in ("L", "P", "1"):
        image = noise().convert(mode)
        image.save(tmp_path / "a.png")
        np.testing.assert_array_equal(
            np.asarray(open_image("a.png", root=tmp_path)), np.asarray(image.convert("RGB")), err_msg=mode
        )


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(tmp_path / "a.tif")
    assert open_image("a.tif", root=tmp_path).getpixel((0, 0)) == (0, 255, 255)


def test_lab_becomes_rgb(tmp_path: Path) -> None:
    Image.new("LAB", (8, 8), (255, 128, 128)).save(tmp_path / "a.tif")
    assert min(open_image("a.tif", root=tmp_path).getpixel((0, 0))) >= 250


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_on_white(kind: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (200, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 128))
    (tmp_path / "a.img").write_bytes(encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
    opened = open_image("a.img", root=tmp_path)
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert opened.getpixel((1, 0)) == (127, 127, 127)


def test_an_opaque_alpha_channel_changes_nothing(tmp_path: Path) -> None:
    noise().convert("RGBA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(open_image("a.png", root=tmp_path)), np.asarray(noise()))


def test_a_palette_with_transparency_in_bytes_gives_no_warning(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "a.png", transparency=bytes([0, 255]))
    opened = open_image("a.png", root=tmp_path)
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert opened.getpixel((1, 1)) == (40, 50, 60)


@pytest.mark.parametrize(("suffix", "dtype"), [("png", "<u2"), ("tif", "<u2"), ("tif", ">u2")])
def test_sixteen_bits_are_scaled_to_eight(suffix: str, dtype: str, tmp_path: Path) -> None:
    values = (np.arange(256, dtype=np.uint32) * 257).reshape(16, 16)
    if dtype == ">u2":
        body = values.astype(dtype).tobytes()
        Image.frombytes("I;16B", (16, 16), body).save(tmp_path / f"a.{suffix}")
    else:
        Image.fromarray(values.astype(dtype)).save(tmp_path / f"a.{suffix}")
    opened = np.asarray(open_image(f"a.{suffix}", root=tmp_path))
    np.testing.assert_array_equal(opened[..., 0].ravel(), np.arange(256))


def test_a_floating_point_image_in_unit_range_is_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 0.5, dtype=np.float32)).save(tmp_path / "a.tif")
    assert open_image("a.tif", root=tmp_path).getpixel((0, 0)) == (128, 128, 128)


def test_a_floating_point_image_without_a_known_scale_is_named(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), -3.5, dtype=np.float32)).save(tmp_path / "a.tif")
    assert reason("a.tif", tmp_path) == "unreadable: pixel values from -3.5 to -3.5 have no known scale"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "a.img").write_bytes(encoded(noise(), kind, exif=exif))
    with Image.open(tmp_path / "a.img") as plain:
        expected = ImageOps.exif_transpose(plain).convert("RGB")
    np.testing.assert_array_equal(np.asarray(open_image("a.img", root=tmp_path)), np.asarray(expected))


def test_damaged_exif_leaves_the_picture_as_it_lies(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(noise(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09broken"))
    assert open_image("a.jpg", root=tmp_path).size == (64, 48)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})])
def test_the_first_frame_of_several_is_taken(kind: str, options: dict[str, object], tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    (tmp_path / "a.img").write_bytes(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    opened = open_image("a.img", root=tmp_path)
    assert opened.getpixel((4, 4)) == (255, 0, 0)
    assert np.asarray(opened.copy()).shape == (8, 8, 3)


def test_bytes_are_read_as_a_file_is(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    assert open_bytes(content).tobytes() == open_image("a.png", root=tmp_path).tobytes()


@pytest.mark.parametrize(("cut", "expected"), [(0, "empty file"), (600, "truncated image")])
def test_damaged_bytes_are_told_as_a_damaged_file_is(cut: int, expected: str) -> None:
    buffer = io.BytesIO()
    noise().save(buffer, "PNG")
    with pytest.raises(ImageProblem) as caught:
        open_bytes(buffer.getvalue()[:cut])
    assert caught.value.reason == expected


def test_an_image_above_the_cap_is_not_decoded(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.png")
    assert reason("a.png", tmp_path, pixel_cap=48 * 64 - 1) == "larger than the pixel cap (64 x 48)"
    assert open_image("a.png", root=tmp_path, pixel_cap=48 * 64).size == (64, 48)


def test_a_header_that_promises_a_giant_is_above_the_cap(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(40000, 30000))
    assert reason("a.png", tmp_path) == "larger than the pixel cap (40000 x 30000)"


def test_the_cap_may_lie_above_the_limit_of_the_imaging_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    noise().save(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(open_image("a.png", root=tmp_path)), np.asarray(noise()))


def test_postscript_is_never_rendered(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.eps")
    assert reason("a.eps", tmp_path) == "not an image"


def test_damage_inside_a_whole_file_is_named(tmp_path: Path) -> None:
    content = bytearray(encoded(noise(), "PNG"))
    content[60:400] = bytes(340)
    (tmp_path / "a.png").write_bytes(bytes(content))
    assert reason("a.png", tmp_path).startswith("unreadable: ")


def test_warnings_of_metadata_do_not_leak(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[305] = "x" * 300
    content = bytearray(encoded(noise(), "TIFF", tiffinfo=tags))
    at = content.index(struct.pack("<HH", 305, 2))
    content[at + 8 : at + 12] = struct.pack("<I", len(content) - 4)
    (tmp_path / "a.tif").write_bytes(bytes(content))
    open_image("a.tif", root=tmp_path)
    assert not recwarn.list


def test_threads_open_images_alike(tmp_path: Path) -> None:
    kinds = list(FORMATS)
    for number in range(40):
        kind = kinds[number % len(kinds)]
        (tmp_path / f"{number}.img").write_bytes(encoded(noise(seed=number), kind, **FORMATS[kind]))
    alone = [np.asarray(open_image(f"{number}.img", root=tmp_path)) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda number: np.asarray(open_image(f"{number}.img", root=tmp_path)), range(40)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_preview_is_decoded_no_smaller_than_asked(tmp_path: Path) -> None:
    noise(400, 600).save(tmp_path / "a.jpg")
    small = open_small("a.jpg", root=tmp_path, at_least=100)
    assert small.mode == "RGB"
    assert 100 <= min(small.size) < 400


def _break(folder: Path, outside: Path, number: int) -> tuple[str, str]:
    """Write a broken file of the kind that the number stands for; return its name and reason."""
    name = f"broken_{number:02}.jpg"
    path = folder / name
    image = noise(seed=number)
    jpeg, png = encoded(image, "JPEG"), encoded(image, "PNG")
    kind = number % 10
    if kind == 0:
        path.write_bytes(jpeg[: len(jpeg) // 2])
    elif kind == 1:
        path.write_bytes(png[: len(png) // 2])
    elif kind == 2:
        path.write_bytes(b"")
    elif kind == 4:
        path.write_text("<html>not found</html>\n")
    elif kind == 5:
        path.write_bytes(png_header(20000 + number, 10000))
    elif kind == 6:
        path.symlink_to(outside)
    elif kind == 7:
        path.mkdir()
    elif kind == 8:
        name = f"../{outside.name}"
    elif kind == 9:
        path.write_bytes(jpeg[:12])
    reasons = {
        **dict.fromkeys((0, 1, 9), "truncated image"),
        2: "empty file",
        3: "file missing",
        4: "not an image",
        5: f"larger than the pixel cap ({20000 + number} x 10000)",
        7: "not a file",
        **dict.fromkeys((6, 8), "outside the root folder"),
    }
    return name, reasons[kind]


def test_fifty_broken_files_of_every_kind_have_their_reasons(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    outside = tmp_path / "outside.jpg"
    noise().save(outside)
    names, expected = [], {}
    for number in range(150):
        names.append(f"good_{number}.jpg")
        (root / names[-1]).write_bytes(encoded(noise(seed=number), "JPEG"))
    for number in range(50):
        name, cause = _break(root, outside, number)
        names.append(name)
        expected[f"s{len(names) - 1}"] = cause
    ids = pd.Index([f"s{position}" for position in range(200)], name="sample_id")
    metadata = pd.DataFrame({"filepath": names}, index=ids)
    quarantine = check_files(metadata, root)
    decoded = {}
    for sample in ids.difference(quarantine.index):
        try:
            open_image(metadata.loc[sample, "filepath"], root=root)
        except ImageProblem as problem:
            decoded[sample] = problem.reason
    assert {**quarantine["reason"], **decoded} == expected
    # Only what lies behind a readable header is left to the decoder.
    assert len(decoded) <= 10
    assert set(decoded.values()) == {"truncated image"}


def test_a_row_without_a_path_is_not_quarantined(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.png")
    metadata = pd.DataFrame({"filepath": ["a.png", None]}, index=pd.Index(["a", "b"], name="sample_id"))
    assert check_files(metadata, tmp_path).empty


def test_a_table_without_paths_has_no_quarantine(tmp_path: Path) -> None:
    metadata = pd.DataFrame({"label": ["cat"]}, index=pd.Index(["a"], name="sample_id"))
    assert list(check_files(metadata, tmp_path).columns) == ["filepath", "reason"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_file_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert reason("a.jpg", tmp_path) == "not a file"


def test_a_link_made_after_loading_leads_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    noise().save(root / "a.png")
    noise().save(tmp_path / "secret.png")
    metadata = pd.DataFrame({"filepath": ["a.png"]}, index=pd.Index(["a"], name="sample_id"))
    assert check_files(metadata, root).empty
    (root / "a.png").unlink()
    (root / "a.png").symlink_to(tmp_path / "secret.png")
    assert reason("a.png", root) == "outside the root folder"
