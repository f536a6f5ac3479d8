"""Curation in a real browser: from the map to tags to a file, by mouse and by keyboard, two people at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from audit.curation.board import Curation
from audit.database import FILE, URL_VARIABLE, Database
from audit.job_request import JobRequest
from audit.workspace import Workspace
from tests.browser.acts import click_for, download, say_name, settled
from tests.browser.conftest import filled_home, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CURATION = "curation?model=prediction"


def cards(page: Page) -> Locator:
    return page.locator(".gallery .card")


def choose_tag(page: Page, tag: str, name: str = "") -> None:
    """Fill the dialog that asks for a tag, and keep it."""
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    if name:
        field = dialog.get_by_role("textbox", name="Your name")
        field.fill(name)
        field.press("Enter")
    write_tag(page, tag)
    save(page)
    dialog.wait_for(state="detached")
    settled(page)


def write_tag(page: Page, tag: str) -> None:
    from playwright import sync_api as api

    dialog = page.get_by_role("dialog")
    box = dialog.get_by_role("combobox")
    box.wait_for()
    # A person is slower than the page that still draws what lies behind the dialog.
    page.wait_for_timeout(500)
    page.wait_for_selector("[data-test-script-state=notRunning]")
    ready = dialog.get_by_role("button", name=re.compile("Tag \\d")).and_(dialog.locator(":enabled"))
    for _ in range(4):
        box.fill(tag)
        try:
            page.get_by_role("option", name=re.compile(tag)).first.click(timeout=10_000)
            ready.wait_for(timeout=10_000)
        except api.TimeoutError:
            continue
        break
    ready.wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]")


def save(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Tag \\d")).click()


def test_from_the_map_to_a_tag_to_a_file(app: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{app}/map-of-samples?model=prediction&where=" + json.dumps({"light": "night"}))
    settled(page)
    tag = page.get_by_role("button", name=re.compile("Tag all 30"))
    tag.click(timeout=120_000)
    choose_tag(page, "too dark", name="Ann")
    page.goto(f"{app}/{CURATION}&queue=tag:too dark")
    page.get_by_role("heading", name="Tagged “too dark”").wait_for()
    settled(page)
    page.locator(".gallery .mark", has_text="too dark").first.wait_for()
    page.get_by_text("Export", exact=True).click()
    download(page, page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV"), tmp_path / "night.csv")
    table = pd.read_csv(tmp_path / "night.csv", index_col="sample_id")
    assert len(table) == 30
    assert set(table["light"]) == {"night"}
    assert set(table["tags"]) == {"too dark"}
    assert set(table["curated_by"]) == {"Ann"}


def test_the_keyboard_moves_selects_and_tags(app: str, page: Page) -> None:
    page.goto(f"{app}/{CURATION}")
    cards(page).nth(9).wait_for()
    settled(page)
    say_name(page, "Kim")
    cards(page).first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_role("button", name=re.compile("2 selected")).wait_for()
    picked = [cards(page).nth(n).get_attribute("data-id") for n in (0, 2)]
    page.keyboard.press("t")
    choose_tag(page, "by keyboard", name="Kim")
    page.get_by_text(re.compile("Kim tagged 2 samples “by keyboard”")).wait_for()
    page.goto(f"{app}/{CURATION}&queue=tag:by keyboard")
    page.get_by_role("heading", name="Tagged “by keyboard”").wait_for()
    settled(page)
    cards(page).nth(1).wait_for()
    assert [card.get_attribute("data-id") for card in cards(page).all()] == picked


def test_the_question_what_to_tag_outlives_a_run_of_the_whole_page(home: Path, app: str, page: Page) -> None:
    space = Workspace(home)
    fingerprint = space.load_dataset("drawn").fingerprint
    requests = (
        JobRequest(kind="map", dataset="drawn", model="prediction", settings={"seed": seed}, fingerprint=fingerprint)
        for seed in range(1, 20)
    )
    # The first that a worker does not take before us.
    jobs = (space.jobs.submit(request, start_worker=False) for request in requests)
    job = next(job for job in jobs if space.jobs.claim(job))
    page.goto(f"{app}/{CURATION}")
    cards(page).first.wait_for()
    settled(page)
    # Its own bar alone: the UMAP that the map above has asked for may still be running.
    bar = page.get_by_text("PCA map: starting")
    bar.wait_for()
    page.get_by_role("button", name=re.compile("Tag all")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Note", exact=True).click()
    note = dialog.get_by_role("textbox", name="Note")
    note.fill("half a thought")
    note.press("Tab")
    space.jobs.close_job(job, "failed", message="ended by the test")
    bar.wait_for(state="detached")
    settled(page)
    assert note.input_value() == "half a thought"
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")
    page.reload()
    settled(page)
    assert not page.get_by_role("dialog").count()


def test_a_click_still_opens_a_sample_and_the_tick_selects_it(app: str, page: Page) -> None:
    page.goto(f"{app}/{CURATION}")
    cards(page).nth(3).wait_for()
    settled(page)
    selected = page.get_by_role("button", name=re.compile("1 selected"))
    click_for(cards(page).nth(3).locator(".check"), selected, force=True)
    assert "sample=" not in page.url
    cards(page).nth(4).locator("img").click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('sample')")
    page.get_by_role("button", name=re.compile("1 selected")).wait_for()


def test_an_act_is_taken_back_and_stays_in_the_record(app: str, page: Page) -> None:
    page.goto(f"{app}/{CURATION}")
    cards(page).first.wait_for()
    settled(page)
    say_name(page, "Uma")
    cards(page).first.focus()
    page.keyboard.press("t")
    choose_tag(page, "in error", name="Uma")
    row = (
        page.locator("[data-testid=stHorizontalBlock], [data-testid=stLayoutWrapper]")
        .filter(has_text="“in error”")
        .last
    )
    row.get_by_role("button", name="Undo").click()
    page.get_by_text(re.compile("Uma took back what Uma did")).first.wait_for()
    page.get_by_text("(taken back)").first.wait_for()


def test_two_people_who_tag_at_once_lose_nothing_and_see_each_other(app: str, home: Path, browser: Browser) -> None:
    tag_at_once(app, browser)
    assert kept_tags(Database(home), home) == EXPECTED


def test_two_people_at_once_lose_nothing_on_postgresql(
    postgresql: str, plugin: Path, browser: Browser, tmp_path: Path
) -> None:
    home = filled_home(tmp_path / "home", tmp_path / "data" / "drawn", plugin)
    with served(home, plugin, **{URL_VARIABLE: postgresql}) as app:
        tag_at_once(app, browser)
    assert kept_tags(Database(home, postgresql), home) == EXPECTED
    assert not (home / FILE).exists()


PEOPLE, ROUNDS = ("Pat", "Sam"), 4
EXPECTED = {(name, f"{name} {number}"): 60 for name in PEOPLE for number in range(ROUNDS)}
"""Each tags all 60 samples four times: 240 tags a person."""


def tag_at_once(app: str, browser: Browser) -> None:
    """Let two people, in a context of their own each, keep their tags in the same moment, several times."""
    contexts = [browser.new_context() for _ in PEOPLE]
    pages = [context.new_page() for context in contexts]
    for page, name in zip(pages, PEOPLE, strict=True):
        page.set_default_timeout(60_000)
        page.goto(f"{app}/{CURATION}")
        cards(page).first.wait_for()
        settled(page)
        say_name(page, name)
    for number in range(ROUNDS):
        for page, name in zip(pages, PEOPLE, strict=True):
            page.get_by_role("button", name=re.compile("Tag all 60")).click()
            write_tag(page, f"{name} {number}")
        for page in pages:
            save(page)
        for page in pages:
            page.get_by_role("dialog").wait_for(state="detached")
            settled(page)
    for page, other in zip(pages, reversed(PEOPLE), strict=True):
        page.get_by_text(re.compile(f"{other} tagged 60 samples “{other} {ROUNDS - 1}”")).wait_for()
    for context in contexts:
        context.close()


def kept_tags(database: Database, home: Path) -> dict[tuple[str, str], int]:
    """Return how many samples have each tag of the two, read past the app."""
    tags = Curation(database, Workspace(home).load_dataset("drawn"), "drawn").current().tags
    tags = tags[tags["author"].isin(PEOPLE)]
    return {(str(a), str(t)): int(n) for (a, t), n in tags.groupby(["author", "tag"])["sample_id"].nunique().items()}
