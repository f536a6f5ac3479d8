"""The way of a new user in a real browser: import, choose a model, run, draw around points, tag, export."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from audit.workspace import Workspace
from tests.browser.acts import download, settled
from tests.browser.conftest import served
from tests.browser.test_app import draw_around
from tests.browser.test_curation import choose_tag
from tests.pages.drawn import draw_samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page


@pytest.fixture
def empty(plugin: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Return the address of an app that knows a root and nothing else, and the folder of samples below it."""
    data = draw_samples(tmp_path / "data" / "drawn")
    Workspace(tmp_path / "home").declare_root(tmp_path / "data")
    with served(tmp_path / "home", plugin) as address:
        yield address, data


def visit(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarContent").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True).first.wait_for()
    settled(page)


def test_from_a_folder_to_a_tagged_export(empty: tuple[str, Path], page: Page, tmp_path: Path) -> None:
    app, data = empty
    page.goto(f"{app}/dataset-and-models")
    settled(page)
    field = page.get_by_role("combobox", name="Folder or table")
    field.fill(str(data))
    page.get_by_role("option", name=str(data)).first.click()
    page.get_by_text("Images, embeddings, probabilities, further tables").click()
    page.get_by_role("textbox", name="Embeddings").fill(str(data / "vectors.npy"))
    page.get_by_role("button", name="Add the dataset").click()
    page.get_by_text("60 × 4").wait_for()
    settled(page)
    page.get_by_test_id("stMain").get_by_role("radio", name="Models").click()
    page.get_by_role("button", name="Use them as models").click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('model')")
    settled(page)

    visit(page, "Subgroup discrepancy")
    page.get_by_role("button", name="Run the audit").click()
    page.get_by_text("What next", exact=True).wait_for(timeout=120_000)
    assert "Accuracy depends on “light”" in page.locator(".verdict").inner_text()

    visit(page, "Explore")
    chart = page.locator(".js-plotly-plot").first
    chart.wait_for(timeout=240_000)
    settled(page)
    page.wait_for_timeout(1000)
    draw_around(page, chart)
    page.get_by_text("Selected: drawn around").wait_for()
    settled(page)
    tag = page.get_by_role("button", name=re.compile(r"Tag all \d+"))
    shown = int(re.findall(r"\d+", tag.inner_text())[0])
    tag.click()
    choose_tag(page, "look again", name="Kim")

    visit(page, "Curate")
    page.get_by_text("Export", exact=True).click()
    button = page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV").first
    download(page, button, tmp_path / "corrected.csv")
    table = pd.read_csv(tmp_path / "corrected.csv", index_col="sample_id")
    assert (table["tags"] == "look again").sum() == shown > 0
    assert sorted(path.name for path in data.iterdir()) == ["images", "samples.csv", "vectors.npy"]
