"""Ten thousand images, fifty of them broken, and a process that is killed half-way.

    python tests/benchmarks/bench_recovery.py
    python tests/benchmarks/bench_recovery.py --images 1000 --keep FOLDER

Makes small images in every format and mode, and broken ones of every kind; embeds them with a small network in a
process of its own; prints time, peak memory and the quarantine. Then does the same into a second store, kills the
process with SIGKILL half-way, runs it again, and compares the arrays bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

KINDS = ("jpg", "png", "webp", "tif", "bmp", "gif")
MODES = ("RGB", "L", "P", "RGBA", "CMYK", "I;16")
CAP = 200_000

EXPECTED = {
    "truncated_jpg": "truncated image",
    "truncated_png": "truncated image",
    "truncated_webp": "truncated image",
    "truncated_tif": "truncated image",
    "empty": "empty file",
    "missing": "file missing",
    "text": "not an image",
    "oversize": "larger than the pixel cap (500 x 500)",
    "escaping": "outside the root folder",
    "folder": "not a file",
}
"""The reason that each kind of broken file must be given."""


def make(folder: Path, count: int, broken: int) -> Path:
    """Write a table and its images below a folder, and return the table."""
    root = folder / "images"
    root.mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(folder / "outside.png")
    rng = np.random.default_rng(0)
    positions = set(rng.choice(count, broken, replace=False).tolist())
    reasons = list(EXPECTED)
    rows = []
    for row in range(count):
        if row in positions:
            kind = reasons[len([at for at in positions if at < row]) % len(reasons)]
            rows.append({"sample_id": f"s{row:05d}", "filepath": _broken(root, row, kind), "broken": kind})
        else:
            rows.append({"sample_id": f"s{row:05d}", "filepath": _whole(root, row, rng), "broken": ""})
    table = root / "samples.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    return table


def _whole(root: Path, row: int, rng: np.random.Generator) -> str:
    kind, mode = KINDS[row % len(KINDS)], MODES[row // len(KINDS) % len(MODES)]
    height, width = rng.integers(40, 97, 2)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    image = coarse.resize((int(width), int(height)), Image.Resampling.BICUBIC)
    name = f"{row:05d}.{kind}"
    if mode == "I;16" and kind in {"png", "tif"}:
        grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
        Image.fromarray(grey).save(root / name)
    elif mode == "CMYK" and kind not in {"jpg", "tif"}:
        image.save(root / name)
    elif mode in {"P", "RGBA"} and kind in {"jpg", "bmp"}:
        exif = Image.Exif()
        exif[0x0112] = row % 8 + 1
        image.save(root / name, exif=exif) if kind == "jpg" else image.save(root / name)
    elif mode == "I;16":
        image.convert("L").save(root / name)
    else:
        image.convert(mode).save(root / name)
    return name


def _broken(root: Path, row: int, kind: str) -> str:
    if kind == "missing":
        return f"{row:05d}.jpg"
    if kind == "escaping":
        return "../outside.png"
    name = f"{row:05d}.{kind.removeprefix('truncated_') if kind.startswith('truncated') else 'png'}"
    path = root / name
    if kind.startswith("truncated"):
        noise = np.random.default_rng(row).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("This is a shopping list: bread, milk, apples.\n" * 20, encoding="utf-8")
    elif kind == "oversize":
        Image.new("RGB", (500, 500)).save(path)
    elif kind == "folder":
        path.mkdir()
    return name


def small_network(seed: int = 0):
    """Return a small image encoder with random weights, wrapped as the package's own families do it."""
    import torch

    from audit.models.base import Preprocessing
    from audit.models.network import Network

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = torch.nn.Sequential(
            torch.nn.Conv2d(3, 16, 8, stride=8),
            torch.nn.GELU(),
            torch.nn.Flatten(),
            torch.nn.Linear(1024, 64),
        )

    class SmallEncoder(Network):
        def encode_image(self, images):
            return self.compute(self.module, images)

    return SmallEncoder(
        module=module,
        name="small",
        preprocessing=Preprocessing(size=(64, 64), resize_to=(64, 64), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        device="cpu",
        dtype="float32",
        abilities=frozenset({"image_encoder"}),
        architecture={"seed": seed},
        libraries=(),
    )


def work(table: Path, store_folder: Path, shard_rows: int, pause: float) -> None:
    """Embed the table's images and print what came of it as JSON; the part that is killed."""
    from audit import engine, shards
    from audit.outputs import Embeddings
    from audit.readers import load_dataset
    from audit.store import Store

    shards.SHARD_ROWS = shard_rows
    started = time.perf_counter()
    dataset = load_dataset(table, pixel_cap=CAP)
    store = Store(store_folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def report(_: engine.Progress) -> None:
        time.sleep(pause)

    outputs = engine.compute(dataset, small_network(), [Embeddings()], store=store, batch_size=32, progress=report)
    found = engine.quarantine(dataset, store)
    facts = {
        "seconds": round(time.perf_counter() - started, 2),
        "samples": len(dataset),
        "embedded": len(outputs.dataset),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "megabytes_before": round(before / 1024),
        "quarantine": {sample: row["reason"] for sample, row in found.iterrows()},
        "notes": outputs.notes,
    }
    np.save(store_folder / "embeddings.npy", outputs[Embeddings()])
    sys.stdout.write(json.dumps(facts))


def command(table: Path, store: Path, *, shard_rows: int = 512, pause: float = 0.0) -> list[str]:
    """Return the command that runs :func:`work` in a process of its own."""
    arguments = ["--table", table, "--store", store, "--shard-rows", shard_rows, "--pause", pause]
    return [sys.executable, __file__, *map(str, arguments)]


def killed_at_shard(process: subprocess.Popen[str], store: Path, shards: int) -> int:
    """Kill a process with SIGKILL once so many shards are finished, and return how many are."""
    while process.poll() is None:
        finished = len(list(store.glob("v1/outputs/*/*.partial/*-*.json")))
        if finished >= shards:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return len(list(store.glob("v1/outputs/*/*.partial/*-*.json")))
        time.sleep(0.005)
    raise RuntimeError("the process ended before it could be killed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--broken", type=int, default=50)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--shard-rows", type=int, default=512)
    parser.add_argument("--pause", type=float, default=0.0)
    arguments = parser.parse_args()
    if arguments.table is not None:
        arguments.store.mkdir(parents=True, exist_ok=True)
        work(arguments.table, arguments.store, arguments.shard_rows, arguments.pause)
        return
    folder = arguments.keep or Path(tempfile.mkdtemp())
    os.environ.setdefault("MODEL_AUDIT_CACHE", str(folder / "cache"))
    started = time.perf_counter()
    table = make(folder / "data", arguments.images, arguments.broken)
    print(f"made {arguments.images} images, {arguments.broken} broken, in {time.perf_counter() - started:.1f} s")
    whole = json.loads(subprocess.run(command(table, folder / "a"), check=True, capture_output=True, text=True).stdout)
    truth = pd.read_csv(table, keep_default_na=False).set_index("sample_id")["broken"]
    expected = {sample: EXPECTED[kind] for sample, kind in truth[truth != ""].items()}
    print(
        f"uninterrupted: {whole['seconds']} s, {whole['embedded']} of {whole['samples']} embedded, "
        f"peak {whole['peak_megabytes']} MB ({whole['megabytes_before']} MB before the first image)",
    )
    for reason, count in Counter(whole["quarantine"].values()).most_common():
        print(f"  quarantine: {count:3d} {reason}")
    print("every broken image is listed with its reason, and no other:", whole["quarantine"] == expected)
    with subprocess.Popen(command(table, folder / "b", pause=0.01), stdout=subprocess.PIPE, text=True) as process:
        finished = killed_at_shard(process, folder / "b", max(arguments.images // 1024, 1))
    print(f"killed with {finished} finished shards")
    again = json.loads(subprocess.run(command(table, folder / "b"), check=True, capture_output=True, text=True).stdout)
    first, second = (np.load(folder / name / "embeddings.npy") for name in "ab")
    print(f"resumed: {again['seconds']} s; equal bit for bit: {first.tobytes() == second.tobytes()}")
    if arguments.keep is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
