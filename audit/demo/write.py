"""Write a world to a folder: image files, mask files and `samples.csv`.

Drawing is spread over processes, each started as `python -m audit.demo.draw` with a share of the
rows: a fresh interpreter works the same from a notebook, a console script or a server thread.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from audit.demo.menagerie import SIZE, menagerie_table, render_animal
from audit.demo.tissue import render_tissue, tissue_table
from audit.errors import InputError

World = Literal["menagerie", "tissue"]
Split = Literal["train", "test"]

WORLD_VERSION = 2
"""Raised when the same parameters draw other pictures than before."""

DEMO_SEED = 2024
DEMO_SIZES: dict[World, int] = {"menagerie": 1400, "tissue": 768}
"""Test samples of each world in the bundled example."""

_WORTH_A_PROCESS = 150
_JPEG_QUALITY = 92


def world_table(name: World, *, n: int, split: Split, seed: int) -> pd.DataFrame:
    """Return the attribute rows of a world, one row a sample (see `samples.csv`).

    Parameters
    ----------
    name
        menagerie or tissue.
    n
        Number of samples, at least 1.
    split
        train holds the planted correlations; test has half of the planted species' samples on
        other backgrounds and all lights equally often.
    seed
        Equal seeds give equal tables.

    Raises
    ------
    InputError
        Unknown world or split, or n below 1.
    """
    if name not in ("menagerie", "tissue"):
        raise InputError(f"`name` must be menagerie or tissue; got {name!r}.")
    if split not in ("train", "test"):
        raise InputError(f"`split` must be train or test; got {split!r}.")
    if n < 1:
        raise InputError(f"`n` must be at least 1; got {n}.")
    table = menagerie_table if name == "menagerie" else tissue_table
    return table(n, split, seed)


def render(
    name: World, row: Mapping[str, str], *, seed: int, size: int = SIZE
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Draw one sample from its row: uint8 image (size, size, 3) and, in the menagerie, its mask."""
    if name == "menagerie":
        return render_animal(row, seed=seed, size=size)
    return render_tissue(row, seed=seed, size=size), None


def _write_file(path: Path, picture: NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    if path.suffix == ".jpg":
        Image.fromarray(picture).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    else:
        Image.fromarray(picture).convert("1").save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())


def write_share(folder: Path, name: World, table: pd.DataFrame, seed: int) -> None:
    """Draw the rows of the table into a folder that has `images/` and `masks/`."""
    for row in cast("list[dict[str, str]]", table.to_dict("records")):
        image, mask = render(name, row, seed=seed)
        _write_file(folder / row["filepath"], image)
        if mask is not None:
            _write_file(folder / row["mask"], mask)


def _write_images(
    folder: Path, name: World, table: pd.DataFrame, *, n: int, split: Split, seed: int, workers: int
) -> None:
    (folder / "images").mkdir()
    if "mask" in table:
        (folder / "masks").mkdir()
    if workers == 1:
        write_share(folder, name, table, seed)
        return
    # One thread each: the processes are the parallelism.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
            [
                sys.executable,
                "-m",
                "audit.demo.draw",
                str(folder),
                name,
                "--n",
                str(n),
                "--split",
                split,
                "--seed",
                str(seed),
                "--share",
                str(worker),
                "--of",
                str(workers),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for worker in range(workers)
    ]
    failures = [errors for process in running if (errors := process.communicate()[1]) and process.returncode]
    if failures:
        raise RuntimeError(f"Drawing the {name} failed: {failures[0].strip().splitlines()[-1]}")


def write_world(
    name: World,
    folder: Path,
    *,
    n: int,
    split: Split = "test",
    seed: int = DEMO_SEED,
    workers: int | None = None,
) -> Path:
    """Draw a world into `folder` and return the path of its `samples.csv`.

    The folder appears complete or not at all; one that is already complete with the same
    parameters is left as it is, and one with other parameters is replaced.

    Parameters
    ----------
    name
        menagerie or tissue.
    folder
        Where `samples.csv`, `images/` and, in the menagerie, `masks/` are written.
    n
        Number of samples.
    split
        train or test, see `world_table`.
    seed
        Equal seeds give equal bytes.
    workers
        Processes; by default one a core, and one in all for few samples.

    Raises
    ------
    InputError
        Unknown world or split, n below 1, or a folder that holds something else.
    """
    table = world_table(name, n=n, split=split, seed=seed)
    facts = {"world": name, "n": n, "split": split, "seed": seed, "version": WORLD_VERSION, "size": SIZE}
    folder = Path(folder)
    kept = folder / "world.json"
    if folder.exists():
        if kept.is_file():
            if json.loads(kept.read_text(encoding="utf-8")) == facts:
                return folder / "samples.csv"
        elif any(folder.iterdir()):
            raise InputError(
                f"`folder` must be empty or a world written before; {folder} holds other files. Name another folder."
            )
    if workers is None:
        workers = max(1, min(os.cpu_count() or 1, 8, n // _WORTH_A_PROCESS))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "world"
        fresh.mkdir()
        _write_images(fresh, name, table, n=n, split=split, seed=seed, workers=workers)
        table.to_csv(fresh / "samples.csv", index=False, lineterminator="\n")
        (fresh / "world.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            # Moved aside first: a folder cannot be renamed over one that is not empty.
            folder.rename(Path(scratch) / "replaced")
        fresh.rename(folder)
    return folder / "samples.csv"


def write_demo(folder: Path, *, workers: int | None = None) -> dict[str, Path]:
    """Draw both worlds of the bundled example into `folder` and return their `samples.csv` by name."""
    return {
        name: write_world(name, Path(folder) / name, n=n, split="test", seed=DEMO_SEED, workers=workers)
        for name, n in DEMO_SIZES.items()
    }
