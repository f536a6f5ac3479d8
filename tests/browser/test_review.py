"""A review in a real browser: put on the table, discussed, decided, presented, signed; its report printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

from tests.browser.acts import download, say_name, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AUDIT = "audit-group-accuracy-toy?model=prediction"
REVIEW = "Release 2, drawn"


def test_a_review_is_held_and_its_report_printed(app: str, page: Page, browser: Browser, tmp_path: Path) -> None:
    put_on_the_table(app, page)
    page.goto(f"{app}/review-meeting")
    page.get_by_text(re.compile("On the table: \\d+ finding")).wait_for()
    settled(page)
    say_name(page, "Dr Ruiz")
    say_something(page)
    decide(page)
    page.get_by_role("textbox", name="In which role").fill("Head of radiology")
    page.get_by_role("textbox", name="In which role").press("Enter")
    page.get_by_role("button", name="Sign as Dr Ruiz").click()
    page.get_by_text("stands as signed").first.wait_for()
    review = parse_qs(urlparse(page.url).query)["review"][0]

    present(page)
    page.goto(f"{app}/written-report?review={review}")
    settled(page)
    target = tmp_path / "review.html"
    download(page, page.get_by_role("button", name="Page (HTML)"), target)
    check_report(browser, target, tmp_path / "review.pdf")


def put_on_the_table(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}")
    page.get_by_role("button", name="Add to the review").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox", name="Your name")
    field.fill("Ann")
    field.press("Enter")
    name = dialog.get_by_role("textbox", name="Its name")
    name.fill(REVIEW)
    name.press("Enter")
    dialog.get_by_role("button", name="Put it on the table").and_(page.locator(":enabled")).click()
    dialog.wait_for(state="detached")


def say_something(page: Page) -> None:
    """One click adds what is still being written, and the browser remembers who wrote it."""
    page.get_by_role("button", name="Sign as Dr Ruiz").wait_for()
    page.get_by_text("Discussion", exact=True).click()
    page.get_by_role("textbox", name="What is to be said about it").click()
    page.keyboard.type("The nights are few.")
    page.get_by_role("button", name="Add the note").click()
    page.get_by_text("Discussion (1 note)").wait_for()
    page.reload()
    page.get_by_role("button", name="Sign as Dr Ruiz").wait_for()
    settled(page)


def decide(page: Page) -> None:
    page.get_by_role("button", name="Sign as Dr Ruiz").wait_for()
    page.get_by_text("Decide", exact=True).click()
    page.get_by_role("radio", name=re.compile("mitigate")).or_(
        page.get_by_role("button", name=re.compile("mitigate"))
    ).click()
    page.get_by_role("textbox", name="Because").fill("more images at night")
    page.get_by_role("textbox", name="Who sees to it").fill("Ben")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Keep").first.click()
    page.get_by_text(re.compile("mitigate · more images at night · owner Ben")).wait_for()


def present(page: Page) -> None:
    """One finding a screen, in type that is read from the back row; the arrow keys turn."""
    page.get_by_role("button", name="Present").click()
    page.locator(".finding-screen .sentence").wait_for()
    assert not page.get_by_test_id("stSidebar").is_visible()
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.finding-screen .sentence')).fontSize)")
    assert size >= 36
    page.get_by_text("1 of 1").wait_for()
    # Keys are heard once the buttons they stand for are there.
    page.get_by_role("button", name="Leave").wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.keyboard.press("Escape")
    page.locator("h1", has_text="Review").wait_for()


def check_report(browser: Browser, target: Path, pdf: Path) -> None:
    """Open the file alone, offline, and print it."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(target.as_uri())
    assert page.locator("h1").inner_text() == REVIEW
    for words in ("mitigate", "more images at night", "Dr Ruiz", "Model card", "stands as signed"):
        assert page.get_by_text(words).count() > 0, words
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert page.locator("svg[role=img]").count() >= 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.pdf(path=pdf, prefer_css_page_size=True)
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") + content.count(b"/Type /Page>") >= 2
    assert len(content) > 20_000
    context.close()
