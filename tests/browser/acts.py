"""What the tests in a browser do again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page


def settled(page: Page) -> None:
    page.wait_for_selector(".audit-title")
    page.wait_for_selector("[data-test-script-state=notRunning]")


def say_name(page: Page, name: str) -> None:
    """Write who is acting, and wait until the page has heard it."""
    field = page.get_by_role("textbox", name="Your name").first
    # The browser may just then be telling the page the name that it remembers.
    for _ in range(4):
        settled(page)
        field.fill(name)
        field.press("Enter")
        page.wait_for_timeout(500)
        settled(page)
        if field.input_value() == name:
            return
    raise AssertionError(f"the field holds {field.input_value()!r}, not {name!r}")


def download(page: Page, button: Locator, target: Path) -> None:
    """Click on a download button and keep the file."""
    from playwright import sync_api as api

    # What a run of the page draws anew answers no click on what it replaces; a person clicks again.
    for left in (2, 1, 0):
        settled(page)
        try:
            with page.expect_download(timeout=20_000) as wanted:
                button.click()
        except api.TimeoutError:
            if not left:
                raise
        else:
            wanted.value.save_as(target)
            return


def click_for(button: Locator, wanted: Locator, *, force: bool = False) -> None:
    """Click on a button until what it leads to is there: on a busy machine the page may draw it anew meanwhile."""
    from playwright import sync_api as api

    for left in (2, 1, 0):
        button.click(force=force)
        try:
            wanted.wait_for(timeout=20_000)
        except api.TimeoutError:
            if not left or not button.is_visible():
                raise
        else:
            return
