"""Two selections compared in words, and values corrected, from the images of an audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import pytest

from audit.corrections import Corrections
from tests.browser.conftest import filled_home, served
from tests.pages.drawn import AUDIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

NIGHT = f"audit-{AUDIT.replace('_', '-')}?model=prediction&where=" + '{"light":"night"}'
ROW = HEADER = 38


def open_night(page: Page, app: str) -> None:
    page.goto(f"{app}/{NIGHT}")
    page.get_by_text("Images: light night").wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]")


def test_a_selection_is_compared_with_the_rest(app: str, page: Page) -> None:
    open_night(page, app)
    page.get_by_role("button", name="Compare these with the rest").click()
    page.wait_for_url("**/audit-set-difference?**")
    state = parse_qs(urlparse(page.url).query)
    assert json.loads(state["set.a"][0]) == {"light": "night"}
    assert "set.b" not in state
    page.get_by_text("Set difference").first.wait_for()


def test_a_kept_selection_is_compared_with_another(app: str, page: Page) -> None:
    open_night(page, app)
    page.get_by_role("button", name="Keep as set A").click()
    page.get_by_text("Set A: light night").wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]")
    table = page.locator("[data-testid=stDataFrame]").nth(1)
    table.scroll_into_view_if_needed()
    table.click(position={"x": 18, "y": HEADER + ROW / 2})
    page.get_by_text("Images: light day").wait_for()
    page.get_by_role("button", name="Compare these two").click()
    page.wait_for_url("**/audit-set-difference?**")
    state = parse_qs(urlparse(page.url).query)
    assert json.loads(state["set.a"][0]) == {"light": "night"}
    assert json.loads(state["set.b"][0]) == {"light": "day"}


@pytest.fixture
def own(tmp_path: Path, plugin: Path) -> Iterator[tuple[str, Path]]:
    """Serve a home of its own: corrected data are other data, without the answers that other tests look at."""
    home = filled_home(tmp_path / "home", tmp_path / "data" / "drawn", plugin)
    with served(home, plugin) as address:
        yield address, home


def test_a_value_is_corrected_in_the_page_and_kept_with_the_data(own: tuple[str, Path], page: Page) -> None:
    app, home = own
    open_night(page, app)
    page.get_by_text("Correct the notes of these samples").click()
    editor = page.locator("[data-testid=stExpander] [data-testid=stDataFrame]")
    editor.wait_for()
    editor.scroll_into_view_if_needed()
    page.wait_for_timeout(800)  # the section opens slowly, and the cells move meanwhile
    width = editor.bounding_box()["width"]
    editor.dblclick(position={"x": width * 0.3, "y": HEADER + ROW / 2})
    cell = page.locator("#portal textarea, #portal input").first
    cell.wait_for()
    cell.fill("looked at")
    cell.press("Enter")
    page.get_by_role("button", name="Save 1 correction").click()
    page.get_by_role("button", name="Save 1 correction").wait_for(state="detached")
    kept = Corrections(home).current("drawn")
    assert kept["value"].tolist() == ["looked at"]
    assert kept["name"].tolist() == ["note_corrected"]
