"""How soon 500,000 points are there: the page "Explore" beside Embedding Atlas's own server, in one run.

    python -m venv atlas && atlas/bin/pip install embedding-atlas
    python tests/benchmarks/bench_embedding_atlas.py atlas/bin/embedding-atlas [FOLDER]

Both serve the same number of points and labels to the same Chromium without graphics hardware, in turn, each time in a
context of its own with an empty cache; both servers are warm. Ours counts until every point is drawn. Embedding Atlas
draws its points with WebGPU alone, which such a browser has not, so its time is until its page says how many points it
holds: less than it takes to see them. FOLDER as in ``bench_point_map.py``.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench_point_map import ARGUMENTS, REPEATS, fill, opened, served  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator


POINTS = 500_000
SAYS_SO = """() => !!document.body && document.body.innerText.includes('500,000 points')"""


@contextmanager
def atlas(command: str, table: Path) -> Iterator[str]:
    """Serve a table with Embedding Atlas and give its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    options = ["--x", "x", "--y", "y", "--disable-projection", "--duckdb", "server", "--port", str(port)]
    process = subprocess.Popen([command, str(table), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                with urlopen(f"http://localhost:{port}/", timeout=2):
                    break
            except (URLError, OSError):
                time.sleep(0.2)
        yield f"http://localhost:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def main(command: str, folder: Path) -> None:
    """Make what is missing, then measure both in turn."""
    from playwright.sync_api import sync_playwright

    fill(folder, POINTS)
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, POINTS)
    places = generator.normal(0, 1, (10, 2))[labels] + generator.normal(0, 0.4, (POINTS, 2))
    table = folder / "points.parquet"
    names = np.array([f"class {number}" for number in range(10)])[labels]
    pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "label": names}).to_parquet(table)
    with (
        served(ROOT / "app.py", MODEL_AUDIT_HOME=str(folder / "home")) as (app, _),
        atlas(command, table) as other,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        sides = {
            "Explore, all points drawn": (
                f"{app}/map-of-samples?dataset=points_{POINTS}&model=prediction",
                (".points[data-drawn]", "data-at"),
            ),
            "Embedding Atlas, page without points": (other, SAYS_SO),
        }
        for address, wait in sides.values():
            opened(browser, address, wait)[0].context.close()
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(REPEATS):
            for name, (address, wait) in sides.items():
                page, seconds = opened(browser, address, wait)
                page.context.close()
                times[name].append(seconds)
                print(f"{name}: {seconds:.2f} s", flush=True)
        browser.close()
    ours, theirs = (statistics.median(values) for values in times.values())
    print(f"{POINTS:,} points: {ours:.2f} s and {theirs:.2f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(sys.argv[1], Path(sys.argv[2]))
    elif len(sys.argv) == 2:
        with tempfile.TemporaryDirectory() as temporary:
            main(sys.argv[1], Path(temporary))
    else:
        raise SystemExit(__doc__)
