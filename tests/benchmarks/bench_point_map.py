"""How soon a map of a million points is there, and how soon what was drawn around is a gallery.

    python tests/benchmarks/bench_point_map.py [FOLDER]

Makes datasets of 1,000,000 and 500,000 samples (64 pictures shared by all rows, 8-d vectors) and their PCA maps in
FOLDER (kept and used again when given), serves the dashboard, opens the page "Explore" in Chromium without graphics
hardware, each time in a context of its own with an empty cache, and does the same in the same run with Plotly's map of
100,000 points on a bare Streamlit page. Servers are warm: datasets, maps and figures have been asked for once.
Times are medians of three, from the start of the navigation until the points are drawn, and from letting go of the
lasso until the page has come to rest with the gallery of the selection. The last lines are ratios to Plotly at 100,000.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pandas as pd
import psutil
from PIL import Image

from audit.job_request import map_request
from audit.maps import MapCoordinates, draw
from audit.sources import DatasetSource, ModelSource
from audit.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000_000, 500_000)
PLOTLY = 100_000
REPEATS = 3
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--enable-precise-memory-info",
]
PAGE = """
import numpy as np, pandas as pd, streamlit as st
from audit.plots import map_figure
st.set_page_config(layout="wide")
@st.cache_resource
def figure(n):
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 10, n)
    points = generator.normal(0, 1, (10, 2))[classes] + generator.normal(0, .4, (n, 2))
    names = pd.Series([f"class {number}" for number in classes], name="label")
    return map_figure(points, [f"s{i:07d}" for i in range(n)], names)
event = st.plotly_chart(figure(int(st.query_params["n"])), key="map", on_select="rerun",
                        selection_mode=("points", "box", "lasso"))
if event.selection["points"]:
    st.write(f"Selected: {len(event.selection['points'])}")
"""
PLOTLY_DRAWN = """() => {
  const drawn = document.querySelector('.js-plotly-plot');
  return !!(drawn && drawn.calcdata && drawn.calcdata.length && drawn.querySelector('canvas'));
}"""


def fill(folder: Path, n: int) -> None:
    """Make a dataset of n samples and its map, unless it is there already."""
    name, data = f"points_{n}", folder / "data" / f"points_{n}"
    space = Workspace(folder / "home")
    if name in space.datasets():
        return
    (data / "images").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(64):
        noise = generator.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(data / "images" / f"{number:02d}.png")
    labels = generator.integers(0, 10, n)
    vectors = generator.normal(0, 1, (10, 8))[labels] + generator.normal(0, 0.45, (n, 8))
    np.save(data / "vectors.npy", vectors.astype(np.float32))
    predicted = np.where(generator.random(n) < 0.1, (labels + 1) % 10, labels)
    names = np.array([f"class {number}" for number in range(10)])
    pd.DataFrame(
        {
            "sample_id": [f"s{row:07d}" for row in range(n)],
            "filepath": [f"images/{row % 64:02d}.png" for row in range(n)],
            "label": names[labels],
            "site": np.array(list("ABCDE"))[generator.integers(0, 5, n)],
            "prediction": names[predicted],
            "sharpness": generator.random(n).round(4),
        }
    ).to_csv(data / "samples.csv", index=False)
    space.declare_root(folder / "data")
    roles = {"label": "label", "prediction": "prediction", "attributes": ("site",)}
    space.add_dataset(DatasetSource(path=str(data), embeddings=str(data / "vectors.npy"), roles=roles, name=name))
    if "prediction" not in space.models():
        space.add_model(ModelSource(spec="precomputed?prediction=prediction", name="prediction"))
    draw_map(space, name)


def draw_map(space: Workspace, name: str) -> None:
    """Draw the PCA map as the page's job would."""
    started = time.perf_counter()
    dataset, model = space.load_dataset(name), space.load_model("prediction")
    fingerprint = dataset.fingerprint
    print(f"{name}: read and fingerprinted in {time.perf_counter() - started:.1f} s")
    request = map_request("pca", name, "prediction", fingerprint=fingerprint)
    job = space.jobs.submit(request, start_worker=False)
    space.jobs.claim(job)
    space.jobs.close_job(job, "done", result_key=draw(dataset, model, MapCoordinates(), store=space.store))


@contextmanager
def served(script: Path, **variables: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a Streamlit script and give its address and process."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    # The dashboard starts itself: it prepares Streamlit for links to its pages.
    start = [str(script)] if script.name == "app.py" else ["-m", "streamlit", "run", str(script)]
    command = [sys.executable, *start, "--server.port", str(port), "--server.headless", "true"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                with urlopen(f"http://localhost:{port}/_stcore/health", timeout=2):
                    break
            except (URLError, OSError):
                time.sleep(0.2)
        yield f"http://localhost:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def opened(browser: Browser, address: str, wait: str | tuple[str, Any]) -> tuple[Page, float]:
    """Open a page in a context of its own and return it with the seconds until what is waited for."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(300_000)
    page.goto(address, wait_until="commit")
    if isinstance(wait, tuple):
        page.wait_for_selector(wait[0], state="attached")
        return page, float(page.locator(wait[0]).get_attribute(wait[1]) or "nan") / 1000
    page.wait_for_function(wait)
    return page, page.evaluate("() => performance.now()") / 1000


def lasso(page: Page, place: str, text: str) -> float:
    """Draw around the middle of a map and return the seconds from letting go until a text is on the page."""
    box = page.locator(place).first.bounding_box()
    assert box is not None
    corners = [(0.35, 0.3), (0.6, 0.32), (0.66, 0.6), (0.4, 0.66), (0.35, 0.32)]
    steps = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*steps[0])
    page.mouse.down()
    for x, y in steps[1:]:
        page.mouse.move(x, y, steps=8)
    # Counted in the browser: a driver that asks now and then would add its own pace.
    page.evaluate(
        """text => {
            const let_go = () => { window.letGo = performance.now(); };
            window.addEventListener('pointerup', let_go, { once: true, capture: true });
            const look = () => {
                const resting = document.querySelector('[data-test-script-state=notRunning]');
                if (resting && document.body.innerText.includes(text)) window.thereAt = performance.now();
                else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
        }""",
        text,
    )
    page.mouse.up()
    page.wait_for_function("() => window.thereAt")
    return page.evaluate("() => (window.thereAt - window.letGo) / 1000")


def memory(page: Page, server: psutil.Process, browser_pid: set[int]) -> str:
    """Return the page's heap, its process and the server in MiB."""
    heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 2**20
    tabs = [
        process.info["memory_info"].rss
        for process in psutil.process_iter(["cmdline", "memory_info", "pid"])
        if process.info["pid"] in browser_pid and "--type=renderer" in " ".join(process.info["cmdline"] or [])
    ]
    served_in = server.memory_info().rss / 2**20
    return f"heap {heap:.0f} MiB, tab process {max(tabs) / 2**20:.0f} MiB, server {served_in:.0f} MiB"


def descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def measure(folder: Path) -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    script = folder / "plotly_page.py"
    script.write_text(PAGE, encoding="utf-8")
    draws: dict[str, float] = {}
    selections: dict[str, float] = {}
    with (
        served(ROOT / "app.py", MODEL_AUDIT_HOME=str(folder / "home")) as (app, app_process),
        served(script) as (reference, reference_process),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        kinds = {
            f"Plotly {PLOTLY:,}": (
                f"{reference}/?n={PLOTLY}",
                PLOTLY_DRAWN,
                ".js-plotly-plot",
                "Selected:",
                reference_process,
            ),
        } | {
            f"points {n:,}": (
                f"{app}/map-of-samples?dataset=points_{n}&model=prediction",
                (".points[data-drawn]", "data-at"),
                ".stage",
                "Selected: drawn around",
                app_process,
            )
            for n in SIZES
        }
        for name, (address, drawn, place, text, process) in kinds.items():
            opened(browser, address, drawn)[0].context.close()
            times, taken, told = [], [], ""
            for _ in range(REPEATS):
                page, seconds = opened(browser, address, drawn)
                times.append(seconds)
                page.wait_for_selector("[data-test-script-state=notRunning]")
                page.wait_for_timeout(1500)
                taken.append(lasso(page, place, text))
                told = memory(page, process, descendants())
                page.context.close()
            draws[name], selections[name] = statistics.median(times), statistics.median(taken)
            every = ", ".join(f"{one:.2f}" for one in times)
            again = ", ".join(f"{one:.2f}" for one in taken)
            print(f"{name}: first draw {draws[name]:.2f} s ({every}), lasso {selections[name]:.2f} s ({again}), {told}")
        browser.close()
    base = f"Plotly {PLOTLY:,}"
    for name, seconds in draws.items():
        print(f"{name}: first draw x {seconds / draws[base]:.2f}, lasso x {selections[name] / selections[base]:.2f}")


def main(folder: Path) -> None:
    """Make what is missing, then measure."""
    sys.path.insert(0, str(ROOT))
    for n in SIZES:
        fill(folder, n)
    measure(folder)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
