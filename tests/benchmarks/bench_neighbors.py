"""Exact group-excluding neighbours against croma and against a bare blocked matmul + top-k, in one run.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_neighbors.py
    OMP_NUM_THREADS=2 python tests/benchmarks/bench_neighbors.py --growth
    python tests/benchmarks/bench_neighbors.py --device cuda --n 1000000

On a machine that others use too, processor time of one thread each (OMP_NUM_THREADS=1 ... --threads 1) is steadier.
Every measurement runs in a fresh process; rounds of all sides are interleaved and the median of each is compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


def planted(n: int, d: int, classes: int = 6, centers: int = 4, patches: int = 20):
    """Return float32 rows with class, center and slide effects, and their codes."""
    draw = np.random.default_rng(0)
    slide = np.arange(n) // patches
    slides = slide[-1] + 1
    label, center = draw.integers(0, classes, slides)[slide], draw.integers(0, centers, slides)[slide]
    rows = np.empty((n, d), dtype=np.float32)
    for start in range(0, n, 50_000):
        part = slice(start, min(n, start + 50_000))
        rows[part] = draw.standard_normal((part.stop - start, d), dtype=np.float32)
    rows += (draw.standard_normal((classes, d)) * 0.35).astype(np.float32)[label]
    rows += (draw.standard_normal((centers, d)) * 0.35).astype(np.float32)[center]
    return rows, label, center, slide


def ours(rows, label, center, slide, k):
    from audit.neighbors import nearest_neighbors
    from audit.robustness.design import all_rows
    from audit.robustness.index import count_types, neighbor_types, robustness_index

    design = all_rows(label, center, slide)
    found = nearest_neighbors(rows, k=k, group=design.group)
    return float(robustness_index(count_types(neighbor_types(found.index, design.rows, design), (k,))[0]))


def cromas(rows, label, center, slide, k):
    import croma

    manifest = pd.DataFrame(
        {"sample_id": range(len(rows)), "image_path": "x", "label": label, "group_id": slide, "site": center}
    ).astype("str")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return croma.RI.compute_curve(rows, manifest, confounder_column="site", k_values=[k])[k]


def bare(rows, label, center, slide, k):
    """Matmul and top-k alone: no groups, no float64, no order of ties."""
    import torch

    unit = torch.nn.functional.normalize(torch.from_numpy(rows), dim=1)
    found = [torch.topk(unit[start : start + 512] @ unit.T, k).indices for start in range(0, len(unit), 512)]
    return float(torch.cat(found)[:, 0].float().mean())


def low_precision(rows, label, center, slide, k):
    """Ours with candidates from bfloat16 inputs: the same neighbours, certified and searched again."""
    from audit.neighbors import nearest_neighbors

    return float(nearest_neighbors(rows, k=k, group=slide, precision="bfloat16").index[:, 0].mean())


SIDES = {"ours": ours, "croma": cromas, "bare": bare, "bfloat16": low_precision}


def measure(side: str, n: int, d: int, k: int, threads: int) -> dict[str, float]:
    """Run one side in this process: seconds, and peak resident MiB above what the data take."""
    data = planted(n, d)
    import sklearn.neighbors  # noqa: F401 - imports are no part of the time
    import torch

    torch.set_num_threads(threads)
    SIDES[side](*planted(300, d), k)
    started, worked = time.perf_counter(), time.process_time()
    value = SIDES[side](*data, k)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "processor": processor, "peak": peak, "value": value}


def in_process(side: str, n: int, d: int, k: int, threads: int = 2) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--n", str(n), "--d", str(d), "--k", str(k)]
    command += ["--threads", str(threads)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(answer.stdout.splitlines()[-1])


def compare(n: int, d: int, k: int, rounds: int, sides: list[str], threads: int) -> None:
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            found[side].append(in_process(side, n, d, k, threads))
    median = {side: statistics.median(run["seconds"] for run in runs) for side, runs in found.items()}
    for side, runs in found.items():
        times = " ".join(f"{run['seconds']:.1f}" for run in runs)
        peak = max(run["peak"] for run in runs)
        processor = statistics.median(run["processor"] for run in runs)
        print(
            f"{side:9s} median {median[side]:6.2f} s  ({times}, processor {processor:.1f})  peak {peak:6.0f} MiB  "
            f"value {runs[0]['value']:.9f}"
        )
    for side in sides[1:]:
        paired = statistics.median(
            other["seconds"] / own["seconds"] for own, other in zip(found["ours"], found[side], strict=True)
        )
        print(f"{side} / ours: {median[side] / median['ours']:.2f} of medians, {paired:.2f} median of rounds")


def growth(d: int, k: int) -> None:
    """Time grows as n squared, memory as n."""
    rows = [(n, in_process("ours", n, d, k)) for n in (5_000, 10_000, 20_000, 40_000, 100_000)]
    for n, run in rows:
        print(
            f"n {n:7,}  {run['seconds']:8.1f} s  {1e9 * run['seconds'] / n**2:6.2f} ns a pair  {run['peak']:6.0f} MiB"
        )
    slope = np.polyfit(np.log([n for n, _ in rows[1:]]), np.log([run["seconds"] for _, run in rows[1:]]), 1)[0]
    first, last = rows[1], rows[-1]
    per_row = (last[1]["peak"] - first[1]["peak"]) * 2**20 / (last[0] - first[0])
    print(f"time ~ n^{slope:.2f}; memory {per_row:,.0f} bytes a row ({per_row / (4 * d):.1f} times its float32 vector)")


def on_device(device: str, n: int, d: int, k: int) -> None:
    """Time on an accelerator, share of its measured matrix rate, error of each format against float64."""
    import torch

    from audit.neighbors import nearest_neighbors
    from audit.score_blocks import error_bound, product, unit_vectors

    rows, _, _, slide = planted(n, d)
    unit = torch.from_numpy(unit_vectors(rows[:20_000])).to(device)
    for precision, form in (("float32", torch.float32), ("tf32", torch.float32), ("bfloat16", torch.bfloat16)):
        quick = unit.to(form)
        exact = unit[:2048] @ unit.T
        error = float((product(quick[:2048], quick, precision).double() - exact).abs().max())
        big = torch.randn(8192, 8192, device=device).to(form)
        product(big, big, precision)
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(10):
            product(big, big, precision)
        torch.cuda.synchronize()
        rate = 10 * 2 * 8192**3 / (time.perf_counter() - started)
        nearest_neighbors(rows[:5000], k=k, group=slide[:5000], device=device, precision=precision)
        started = time.perf_counter()
        nearest_neighbors(rows, k=k, group=slide, device=device, precision=precision)
        seconds = time.perf_counter() - started
        share = 2 * n * n * d / seconds / rate
        print(
            f"{precision:9s} {seconds:7.1f} s  {share:.1%} of {rate / 1e12:.0f} TFLOP/s  "
            f"largest error {error:.1e} (bound {error_bound(d, precision):.1e})"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--d", type=int, default=768)
    parser.add_argument("--k", type=int, default=61)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sides", default="ours,croma,bare")
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--device")
    given = parser.parse_args()
    if given.side:
        print(json.dumps(measure(given.side, given.n, given.d, given.k, given.threads)))
    elif given.device:
        on_device(given.device, given.n, given.d, given.k)
    elif given.growth:
        growth(given.d, given.k)
    else:
        compare(given.n, given.d, given.k, given.rounds, given.sides.split(","), given.threads)


if __name__ == "__main__":
    main()
