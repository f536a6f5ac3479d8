"""The map of many points in a real browser: 60,000 samples, drawn with and without WebGL2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.job_request import map_request
from audit.maps import MapCoordinates, draw
from audit.sources import DatasetSource, ModelSource
from audit.workspace import Workspace
from tests.browser.acts import click_for
from tests.browser.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

POINTS = 60_000
ADDRESS = "map-of-samples?dataset=many&model=prediction"
# As on a machine with a graphics card: the imitation does not say what it is.
CARD = """
const before = WebGL2RenderingContext.prototype.getParameter;
WebGL2RenderingContext.prototype.getParameter = function (name) {
  const value = before.call(this, name);
  return typeof value === 'string' ? value.replace(/swiftshader|software/gi, 'card') : value;
};
"""
NO_WEBGL2 = """
const before = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' ? null : before.call(this, kind, ...rest);
};
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, plugin: Path) -> Iterator[str]:
    data, home = tmp_path_factory.mktemp("many") / "many", tmp_path_factory.mktemp("home")
    (data / "images").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(4):
        Image.new("RGB", (80, 80), (60 * number, 120, 200)).save(data / "images" / f"{number}.png")
    labels = generator.integers(0, 3, POINTS)
    vectors = generator.normal(0, 1, (3, 6))[labels] + generator.normal(0, 0.4, (POINTS, 6))
    np.save(data / "vectors.npy", vectors.astype(np.float32))
    names = np.array(["cat", "dog", "fox"])
    pd.DataFrame(
        {
            "sample_id": [f"s{row:05d}" for row in range(POINTS)],
            "filepath": [f"images/{row % 4}.png" for row in range(POINTS)],
            "label": names[labels],
            "prediction": names[np.where(generator.random(POINTS) < 0.1, (labels + 1) % 3, labels)],
        }
    ).to_csv(data / "samples.csv", index=False)
    space = Workspace(home)
    space.declare_root(data.parent)
    roles = {"label": "label", "prediction": "prediction"}
    space.add_dataset(DatasetSource(path=str(data), embeddings=str(data / "vectors.npy"), roles=roles, name="many"))
    space.add_model(ModelSource(spec="precomputed?prediction=prediction", name="prediction"))
    dataset = space.load_dataset("many")
    request = map_request("pca", "many", "prediction", fingerprint=dataset.fingerprint)
    job = space.jobs.submit(request, start_worker=False)
    space.jobs.claim(job)
    key = draw(dataset, space.load_model("prediction"), MapCoordinates(), store=space.store)
    space.jobs.close_job(job, "done", result_key=key)
    with served(home, plugin) as address:
        yield f"{address}/{ADDRESS}"


def drawn(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".points[data-drawn]").wait_for(state="attached")
    page.wait_for_selector("[data-test-script-state=notRunning]")


def said(page: Page, name: str) -> str:
    return str(page.locator(".points").evaluate("(map, name) => map.dataset[name] ?? ''", name))


def parameter(page: Page, name: str) -> str:
    return parse_qs(urlparse(page.url).query).get(name, [""])[0]


def draw_around(page: Page, corners: list[tuple[float, float]]) -> None:
    box = page.locator(".stage").bounding_box()
    assert box is not None
    steps = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*steps[0])
    page.mouse.down()
    for x, y in steps[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def shown(page: Page) -> int:
    return int(page.get_by_text("of them predicted wrongly").inner_text().split()[0].replace(",", ""))


@pytest.mark.parametrize(("script", "by"), [(CARD, "WebGL2"), (NO_WEBGL2, "canvas")])
def test_what_was_drawn_around_is_the_gallery_and_a_link_shows_it_again(
    many: str, browser: Browser, script: str, by: str
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.add_init_script(script)
    drawn(page, many)
    assert (said(page, "by"), said(page, "drawn")) == (by, str(POINTS))
    assert page.locator(".points .say").is_visible() == (by == "canvas")
    draw_around(page, [(0.1, 0.1), (0.55, 0.12), (0.5, 0.85), (0.12, 0.8), (0.1, 0.12)])
    page.get_by_text("Selected: drawn around").wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]")
    assert 0 < shown(page) < POINTS
    # The browser's grey and the server's gallery mean the same points.
    assert int(said(page, "selected")) == shown(page)
    assert f"{shown(page):,} are selected" in str(page.locator(".stage").get_attribute("aria-label"))
    count = shown(page)

    again = browser.new_page(viewport={"width": 1440, "height": 1000})
    drawn(again, page.url)
    assert shown(again) == count
    assert said(again, "selected") == str(count)
    click_for(again.get_by_role("button", name="Lift the selection"), again.get_by_text("All samples", exact=True))
    again.wait_for_function("() => !new URLSearchParams(location.search).has('lasso')")
    again.close()
    page.close()


def test_a_point_says_who_it_is_and_opens_its_sample(many: str, page: Page) -> None:
    drawn(page, many)
    # The keyboard finds the point in the middle.
    page.locator(".stage").focus()
    page.keyboard.press("+")
    name = page.locator(".points .tip b")
    name.get_by_text("s").wait_for()
    sample = name.inner_text()
    page.locator(".points .tip img").wait_for()
    page.keyboard.press("Enter")
    page.locator(".facts", has_text=sample).first.wait_for()
    assert parameter(page, "sample") == sample


def test_the_keyboard_selects_what_is_in_view_and_lifts_it_again(many: str, page: Page) -> None:
    drawn(page, many)
    page.locator(".stage").focus()
    for _ in range(3):
        page.keyboard.press("+")
    page.keyboard.press("s")
    page.get_by_text("Selected: drawn around").wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]")
    assert 0 < shown(page) < POINTS
    page.locator(".stage").focus()
    page.keyboard.press("Escape")
    page.get_by_text("All samples", exact=True).wait_for()


def test_a_selection_named_by_the_link_is_grey_elsewhere_too(many: str, page: Page) -> None:
    drawn(page, many + '&where={"label":"cat"}')
    page.get_by_text("Selected: label cat").wait_for()
    assert int(said(page, "selected")) == shown(page)


def test_a_lost_graphics_context_does_not_lose_the_map(many: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(60_000)
    page.add_init_script(CARD)
    drawn(page, many)
    page.locator(".points canvas.ground").evaluate(
        "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    page.locator(".points[data-by=canvas]").wait_for()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_fits_a_phone(many: str, browser: Browser, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.set_default_timeout(60_000)
    drawn(page, many)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    box = page.locator(".stage").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.close()
