"""Overview, cross-filter, confusion matrix, nearest samples and jobs in a real browser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import pytest

from audit.workspace import Workspace
from tests.browser.acts import click_for, settled
from tests.pages.drawn import AUDIT, draw_map

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

MAP = "map-of-samples?dataset=drawn&model=second_model"


def parameter(page: Page, name: str) -> str:
    return parse_qs(urlparse(page.url).query).get(name, [""])[0]


@pytest.fixture(scope="module")
def drawn(app: str, home: Path) -> str:
    """Return the address of the app once the map of the second model is in the store."""
    draw_map(Workspace(home), "second_model")
    return app


def open_map(page: Page, app: str, state: str = "") -> None:
    page.goto(f"{app}/{MAP}{state}")
    page.get_by_text("What is taken for what").wait_for()
    settled(page)


def test_a_cell_of_the_overview_opens_the_audit_of_that_model(app: str, page: Page) -> None:
    page.goto(f"{app}/?dataset=drawn&model=prediction")
    cell = page.locator(f"table.overview a[data-cell='{AUDIT} second_model']")
    cell.wait_for()
    settled(page)
    assert "differs" in cell.inner_text()
    page.evaluate("window.stayed = true")
    cell.click()
    page.get_by_text("What next", exact=True).wait_for()
    assert urlparse(page.url).path == f"/audit-{AUDIT.replace('_', '-')}"
    assert parameter(page, "model") == "second_model"
    assert page.evaluate("window.stayed")


def test_a_cell_of_the_confusion_matrix_shows_its_samples(drawn: str, page: Page) -> None:
    open_map(page, drawn)
    page.get_by_text("What is taken for what").click()
    matrix = page.locator("[class*='-confusion'] .js-plotly-plot")
    matrix.wait_for()
    settled(page)
    matrix.scroll_into_view_if_needed()
    # The first row's number beside the diagonal: a circle that is taken for something else.
    numbers = matrix.locator(".textpoint")
    count = numbers.count()
    texts = [numbers.nth(place).text_content() for place in range(count)]
    assert count > 3
    place = next(place for place, text in enumerate(texts) if int(str(text)) < 10)
    box = numbers.nth(place).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("() => new URLSearchParams(location.search).has('where')")
    where = json.loads(parameter(page, "where"))
    assert set(where) == {"label", "second_model"}
    assert where["label"] != where["second_model"]
    page.get_by_text(re.compile(f"{texts[place]} samples?, {texts[place]} of them predicted wrongly")).wait_for()


def test_a_filter_is_set_kept_in_the_link_and_lifted(drawn: str, page: Page) -> None:
    open_map(page, drawn)
    page.get_by_role("button", name=re.compile("Filter")).click()
    page.get_by_role("combobox", name="Only samples with").fill("light")
    page.get_by_role("option", name="light", exact=True).click()
    page.get_by_role("combobox", name="light", exact=True).fill("night")
    page.get_by_role("option", name=re.compile("night")).click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('filter')")
    assert json.loads(parameter(page, "filter")) == {"light": ["night"]}
    page.get_by_role("heading", name="Selected: light night").wait_for()
    page.reload()
    page.get_by_role("heading", name="Selected: light night").wait_for()
    settled(page)
    click_for(page.get_by_role("button", name="Lift the selection"), page.get_by_role("heading", name="All samples"))
    assert parameter(page, "filter") == ""


def test_an_opened_sample_shows_what_is_nearest_to_the_model_and_leads_on(drawn: str, page: Page) -> None:
    open_map(page, drawn, "&sample=s000")
    page.get_by_role("heading", name="Nearest to the model").wait_for()
    settled(page)
    nearest = page.locator(".st-key-neighbours .panel img").first
    nearest.wait_for()
    nearest.click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('sample') !== 's000'")
    page.get_by_role("heading", name="Nearest to the model").wait_for()


@pytest.mark.parametrize(("width", "least"), [(1440, 320), (390, 310)])
def test_a_click_on_a_thumbnail_brings_the_sample_into_view_and_large(
    drawn: str, browser: Browser, width: int, least: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    open_map(page, drawn)
    thumbnail = page.locator(".gallery .card").nth(2)
    thumbnail.scroll_into_view_if_needed()
    thumbnail.click()
    image = page.locator(".st-key-explore-sample .sample-image")
    image.wait_for()
    settled(page)
    page.wait_for_function(
        """() => {
            const top = document.querySelector('.st-key-explore-sample .sample-image').getBoundingClientRect().top;
            return top > 0 && top < innerHeight / 2;
        }"""
    )
    box = image.bounding_box()
    assert box is not None
    assert box["width"] >= least
    assert page.locator(".st-key-explore-sample dt").first.inner_text() == "label"
    page.get_by_role("button", name="Full size").click()
    page.get_by_role("dialog").locator("img.full").wait_for()
    page.close()


def test_the_job_centre_tells_of_the_map_and_leads_to_it(drawn: str, page: Page) -> None:
    open_map(page, drawn)
    page.goto(f"{drawn}/jobs-and-worker?dataset=drawn&model=second_model")
    settled(page)
    page.get_by_text("PCA map").first.wait_for()
    page.get_by_text("The worker's log").wait_for()
    page.get_by_role("link", name="Open").first.click()
    page.get_by_role("heading", name="Explore").wait_for()
