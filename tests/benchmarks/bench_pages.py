"""How soon a page of the dashboard is there after a click in the menu, and a table of very many rows on its page.

    python tests/benchmarks/bench_pages.py [HOME] [--rows 100000] [--rounds 2] [--pause 0]

HOME is a workspace's folder that ``audit demo`` has filled (it is filled first when it is not). The dashboard is served
on it, and Chromium, one session, goes through the menu: the first round warms the server and is printed beside the
``--rounds`` after it. ``--pause`` is how many seconds a person stays on a page; without it the next click comes while
the browser still tidies up after the last page. Seconds are counted in the browser from the click until the new page's
heading stands and the page has come to rest, with all of its charts drawn. Then a dataset of ``--rows`` rows (labels,
predictions and two attributes, no images) is put into a workspace of its own, and the table of its samples on the page
"Explore" is timed until its cells are painted: from a click in the menu, and from a link in a browser that has loaded
nothing yet; medians of three.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.sources import DatasetSource, ModelSource
from audit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench_point_map import ARGUMENTS, draw_map, served  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPEATS = 3
RESTING = "[data-test-script-state=notRunning]"
LINKS = "[data-testid=stSidebar] [data-testid=stPageLink-NavLink]:visible"

WATCH = """() => {
  const started = performance.now();
  window.changedAfter = null;
  const before = document.querySelector('[data-testid=stMain] h1')?.innerText ?? '';
  let still = 0;
  const look = () => {
    const heading = document.querySelector('[data-testid=stMain] h1')?.innerText ?? '';
    const resting = document.querySelector('[data-test-script-state=notRunning]');
    const waiting = document.querySelector('[data-testid=stSkeleton], [data-stale=true]');
    const charts = [...document.querySelectorAll('[data-testid=stPlotlyChart]')];
    const drawn = charts.every((chart) => chart.querySelector('.main-svg'));
    if (heading && heading !== before && resting && !waiting && drawn) {
      if (!still) still = performance.now();
      if (performance.now() - still > 250) { window.changedAfter = (still - started) / 1000; return; }
    } else still = 0;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def switch(page: Page, name: str) -> float:
    """Click a page in the menu and return the seconds until it is there."""
    link = page.locator(LINKS).filter(has_text=name).first
    link.scroll_into_view_if_needed()
    page.evaluate(WATCH)
    link.click()
    page.wait_for_function("() => window.changedAfter !== null", timeout=120_000)
    failed = page.locator("[data-testid=stAlertContentError]")
    if failed.count():
        raise SystemExit(f"{name}: {failed.first.inner_text()}")
    return float(page.evaluate("() => window.changedAfter"))


def time_switches(browser: Browser, address: str, rounds: int, pause: float) -> None:
    """Print the seconds of every page of the menu, cold and warm."""

    def visit(name: str) -> float:
        page.wait_for_timeout(1000 * pause)
        return switch(page, name)

    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector(RESTING)
    page.locator(LINKS).first.wait_for()
    names = [text.split("\n")[-1].strip() for text in page.locator(LINKS).all_inner_texts()]
    # From the last one round to the first, so that the overview is come to as well.
    order = [*names[1:], names[0]]
    cold, *later = [{name: visit(name) for name in order} for _ in range(1 + rounds)]
    medians = {}
    for name in order:
        warm = [each[name] for each in later]
        medians[name] = statistics.median(warm)
        print(f"{name:32} first {cold[name]:5.2f} s, then {' '.join(f'{one:.2f}' for one in warm)} s")
    every = [each[name] for each in later for name in order]
    print(
        f"warm: median {statistics.median(every):.2f} s, slowest page {max(medians.values()):.2f} s (its median), "
        f"{sum(one > 1 for one in every)} of {len(every)} switches above 1 s, slowest {max(every):.2f} s"
    )


def fill_rows(folder: Path, rows: int) -> str:
    """Register a table of so many rows and return its name."""
    name, data = f"rows_{rows}", folder / "data" / f"rows_{rows}"
    data.mkdir(parents=True)
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, rows)
    names = np.array([f"class {number}" for number in range(10)])
    predicted = np.where(generator.random(rows) < 0.1, (labels + 1) % 10, labels)
    vectors = generator.normal(0, 1, (10, 8))[labels] + generator.normal(0, 0.45, (rows, 8))
    np.save(data / "vectors.npy", vectors.astype(np.float32))
    pd.DataFrame(
        {
            "sample_id": [f"s{row:07d}" for row in range(rows)],
            "label": names[labels],
            "site": np.array(list("ABCDE"))[generator.integers(0, 5, rows)],
            "light": np.array(["day", "dusk", "night"])[generator.integers(0, 3, rows)],
            "prediction": names[predicted],
        }
    ).to_csv(data / "samples.csv", index=False)
    space = Workspace(folder / "home")
    space.declare_root(folder / "data")
    roles = {"label": "label", "prediction": "prediction", "attributes": ("site", "light")}
    vectors_file = str(data / "vectors.npy")
    space.add_dataset(
        DatasetSource(path=str(data / "samples.csv"), embeddings=vectors_file, roles=roles, name=name),
    )
    space.add_model(ModelSource(spec="precomputed?prediction=prediction", name="prediction"))
    draw_map(space, name)
    return name


TABLE = """() => document.querySelector('[data-testid=stDataFrame] canvas') &&
  document.querySelector('[data-testid=stDataFrame] [role=gridcell]') &&
  document.querySelector('[data-test-script-state=notRunning]')"""
HEADING = "() => document.querySelector('[data-testid=stMain] h1')"


def time_link(browser: Browser, address: str, there: str) -> float:
    """Return the seconds from a link in a browser that knows nothing yet until something is there."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(120_000)
    page.goto(address, wait_until="commit")
    page.wait_for_function(there)
    seconds = float(page.evaluate("() => performance.now()")) / 1000
    page.context.close()
    return seconds


def time_table(browser: Browser, address: str, chosen: str) -> list[float]:
    """Return the seconds from a click in the menu until the table's cells are painted, first visit first."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{address}/installation?{chosen}")
    page.wait_for_selector(RESTING)
    times = []
    for _ in range(1 + REPEATS):
        page.evaluate("() => { window.clickedAt = performance.now(); }")
        page.locator(LINKS).filter(has_text="Explore").first.click()
        page.wait_for_function(TABLE)
        times.append(float(page.evaluate("() => performance.now() - window.clickedAt")) / 1000)
        switch(page, "Settings")
    return times


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        home = given.home or Path(temporary) / "demo"
        if not (home / "workspace.json").exists():
            environment = {**os.environ, "MODEL_AUDIT_HOME": str(home)}
            command = [sys.executable, "-m", "audit.cli", "demo", "--no-serve"]
            subprocess.run(command, env=environment, cwd=ROOT, check=True)
        with served(ROOT / "app.py", MODEL_AUDIT_HOME=str(home)) as (address, _):
            time_switches(browser, address, given.rounds, given.pause)
        folder = Path(temporary) / "rows"
        name = fill_rows(folder, given.rows)
        with served(ROOT / "app.py", MODEL_AUDIT_HOME=str(folder / "home")) as (address, _):
            chosen = f"dataset={name}&model=prediction"
            first, *clicks = time_table(browser, address, chosen)
            explore, other = f"{address}/map-of-samples?{chosen}", f"{address}/installation?{chosen}"
            links = [time_link(browser, explore, TABLE) for _ in range(REPEATS)]
            boots = [time_link(browser, other, HEADING) for _ in range(REPEATS)]
        every = ", ".join(f"{one:.2f}" for one in clicks)
        print(f"table of {given.rows:,} rows, after a click in the menu: {statistics.median(clicks):.2f} s ({every})")
        print(f"  the first time on this server: {first:.2f} s")
        print(f"  by a link in a new browser: {statistics.median(links):.2f} s")
        print(f"    (a page without any table has its heading after {statistics.median(boots):.2f} s)")
        browser.close()


if __name__ == "__main__":
    main()
