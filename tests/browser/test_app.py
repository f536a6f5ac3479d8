from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image

from tests.browser.acts import click_for, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

AUDIT = "audit-group-accuracy-toy"
ROW, HEADER = 38, 38


def parameter(page: Page, name: str) -> str:
    return parse_qs(urlparse(page.url).query).get(name, [""])[0]


def until_parameter(page: Page, name: str) -> str:
    page.wait_for_function("name => new URLSearchParams(location.search).has(name)", arg=name)
    return parameter(page, name)


def gallery(page: Page) -> Locator:
    return page.locator(".gallery .card")


def too_wide(page: Page) -> list[str]:
    """Return what reaches beyond the window, apart from what scrolls inside a frame of its own."""
    return page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(e => {
            const box = e.getBoundingClientRect();
            return box.width > 0 && box.right > innerWidth + 2
                && !e.closest('[data-testid=stDataFrame], .js-plotly-plot, [class*=st-key-wide-], .overview-frame')
                && !e.closest('[role=tablist], .katex');
        }).map(e => e.outerHTML.slice(0, 120))""",
    )


def test_a_link_to_a_page_opens_it_in_the_first_session(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=second_model")
    page.get_by_text("What next", exact=True).wait_for()
    assert page.locator("h1").inner_text() == "Toy group accuracy"
    assert page.get_by_text("Page not found").count() == 0
    assert parameter(page, "model") == "second_model"


def test_the_overview_tells_each_audits_answer_and_leads_to_it(app: str, page: Page) -> None:
    page.goto(app)
    card = page.locator(".st-key-card-group_accuracy_toy")
    card.locator(".verdict.differs").wait_for()
    assert "Worst for night" in card.inner_text()
    card.get_by_role("link", name="Open").first.click()
    page.get_by_text("What next", exact=True).wait_for()
    assert urlparse(page.url).path == f"/{AUDIT}"
    assert parameter(page, "dataset") == "drawn"


def test_a_click_on_a_row_shows_its_images_and_the_link_shows_them_again(
    app: str, page: Page, browser: Browser
) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.get_by_text("What next", exact=True).wait_for()
    settled(page)
    table = page.locator("[data-testid=stDataFrame]").nth(1)
    table.scroll_into_view_if_needed()
    table.click(position={"x": 18, "y": HEADER + ROW + ROW / 2})
    assert json.loads(until_parameter(page, "where")) == {"light": "night"}
    page.get_by_text("Images: light night").wait_for()
    page.locator(".panel", has_text="Group night (selected)").wait_for()
    page.locator(".gallery .tag", has_text="night").first.wait_for()
    assert page.locator(".gallery s").first.inner_text() in ("circle", "square", "cross")

    again = browser.new_page(viewport={"width": 1440, "height": 1000})
    again.goto(page.url)
    again.get_by_text("Images: light night").wait_for()
    again.close()


def test_a_click_on_an_image_shows_everything_known_about_it(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction&where=" + '{"light":"night"}')
    gallery(page).first.wait_for()
    settled(page)
    gallery(page).first.click()
    sample = until_parameter(page, "sample")
    page.locator(".facts", has_text=sample).wait_for()
    page.get_by_role("button", name="Close").click()
    page.wait_for_function("() => !new URLSearchParams(location.search).has('sample')")


def test_text_from_the_data_is_never_markup(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction&sample=s004")
    page.locator(".small-facts", has_text="s004").first.wait_for()
    facts = page.locator(".facts", has_text="note").first
    assert "<b>bold</b>" in facts.inner_text()
    assert facts.locator("b").count() == 0


def test_the_browsers_back_button_takes_the_selection_back(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.get_by_text("What next", exact=True).wait_for()
    settled(page)
    page.get_by_role("link", name="Data and models").click()
    page.locator("h1", has_text="Data and models").wait_for()
    page.go_back()
    page.locator("h1", has_text="Toy group accuracy").wait_for()
    assert parameter(page, "model") == "prediction"


def test_one_step_through_the_menu_is_one_step_back_and_the_menu_remembers(app: str, page: Page) -> None:
    page.goto(app)
    page.locator(".st-key-card-group_accuracy_toy .verdict").wait_for()
    start = page.url
    page.get_by_test_id("stSidebar").get_by_role("link", name="Toy group accuracy").click()
    page.get_by_text("What next", exact=True).wait_for()
    settled(page)
    page.locator("[data-testid=stDataFrame]").nth(1).click(position={"x": 500, "y": HEADER + ROW + ROW / 2})
    chosen = until_parameter(page, "where")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Explore").click()
    page.locator("h1", has_text="Explore").wait_for()
    settled(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Toy group accuracy").click()
    page.get_by_text("What next", exact=True).wait_for()
    assert parameter(page, "where") == chosen
    for heading in ("Explore", "Toy group accuracy"):
        page.go_back()
        page.locator("h1", has_text=heading).wait_for()
    settled(page)
    page.go_back()
    page.go_back()
    page.locator(".st-key-card-group_accuracy_toy .verdict").wait_for()
    settled(page)
    assert page.url == start


def test_a_click_on_a_cell_shows_its_rows_images(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.get_by_text("What next", exact=True).wait_for()
    settled(page)
    table = page.locator("[data-testid=stDataFrame]").nth(1)
    table.scroll_into_view_if_needed()
    table.click(position={"x": 500, "y": HEADER + ROW + ROW / 2})
    assert json.loads(until_parameter(page, "where")) == {"light": "night"}
    page.get_by_text("Images: light night").wait_for()


def test_a_picture_of_a_panel_opens_its_sample_and_the_audit_looks_at_it(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction")
    panel = page.locator(".panel .row")
    panel.first.wait_for()
    settled(page)
    panel.first.locator("button.card").nth(1).click()
    sample = until_parameter(page, "sample")
    page.locator(".facts", has_text=sample).first.wait_for()
    page.locator(".panel", has_text="Looked at:").locator(".box").wait_for()
    page.wait_for_function(
        "() => { const top = document.querySelector('.st-key-examination').getBoundingClientRect().top;"
        " return top >= 0 && top < innerHeight; }"
    )


def test_a_title_in_a_panel_leads_to_its_rows_images(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.locator(".panel button.lead", has_text="Group night").click()
    assert json.loads(until_parameter(page, "where")) == {"light": "night"}
    page.locator(".panel", has_text="Group night (selected)").wait_for()


def test_an_image_from_elsewhere_is_looked_at_too(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.get_by_text("What next", exact=True).wait_for()
    settled(page)
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "green").save(drawn, "PNG")
    files = {"name": "mine.png", "mimeType": "image/png", "buffer": drawn.getvalue()}
    page.locator("input[type=file]").set_input_files(files)
    page.locator(".panel", has_text="Looked at: 30 x 20 pixels").wait_for()
    page.locator("input[type=file]").set_input_files({**files, "buffer": b"no image"})
    page.get_by_text("not an image").wait_for()


def test_an_audit_runs_in_the_worker_and_its_answer_appears(app: str, page: Page) -> None:
    page.goto(f"{app}/{AUDIT}?model=prediction&set.level=0.8")
    page.get_by_role("button", name="Run the audit").click()
    # The server has to have heard of it before the page is thrown away.
    waiting, answered = page.get_by_text("The answer appears here"), page.get_by_text("What next", exact=True)
    waiting.or_(answered).first.wait_for()
    page.reload()
    answered.wait_for(timeout=120_000)
    assert "Worst for night" in page.locator(".verdict").inner_text()
    assert parameter(page, "set.level") == "0.8"


def draw_around(page: Page, chart: Locator) -> None:
    """Draw a lasso around the left half of a map."""
    box = chart.bounding_box()
    assert box is not None
    corners = [(0.02, 0.12), (0.55, 0.12), (0.55, 0.85), (0.02, 0.85), (0.02, 0.12)]
    steps = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*steps[0])
    page.mouse.down()
    for x, y in steps[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def test_points_drawn_around_become_a_gallery_and_a_link(app: str, page: Page, browser: Browser) -> None:
    page.goto(f"{app}/map-of-samples?model=prediction")
    chart = page.locator(".js-plotly-plot").first
    chart.wait_for(timeout=240_000)
    settled(page)
    page.wait_for_timeout(1000)
    draw_around(page, chart)
    assert until_parameter(page, "lasso")
    heading = page.get_by_text("Selected: drawn around")
    heading.wait_for()
    settled(page)
    count = page.get_by_text("of them predicted wrongly").inner_text()
    assert 0 < int(count.split()[0]) < 60

    again = browser.new_page(viewport={"width": 1440, "height": 1000})
    again.goto(page.url)
    again.get_by_text("Selected: drawn around").wait_for()
    assert again.get_by_text("of them predicted wrongly").inner_text() == count
    again.close()
    click_for(page.get_by_role("button", name="Lift the selection"), page.get_by_text("All samples", exact=True))


def test_two_models_are_compared_side_by_side(app: str, page: Page) -> None:
    page.goto(f"{app}/side-by-side?audit=group_accuracy_toy")
    page.get_by_role("heading", name=re.compile("^By ")).wait_for()
    assert "difference" in page.locator(".verdict").inner_text()


@pytest.mark.parametrize("path", ["", AUDIT, "dataset-and-models", "side-by-side?audit=group_accuracy_toy"])
def test_nothing_is_cut_off_on_a_phone(app: str, browser: Browser, path: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app}/{path}")
    settled(page)
    page.wait_for_timeout(800)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert too_wide(page) == []
    page.close()


@pytest.mark.parametrize(("width", "said"), [(390, "visible"), (1440, "none")])
def test_a_table_wider_than_a_phone_says_so(app: str, browser: Browser, width: int, said: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.locator("[data-testid=stDataFrame] .dvn-scroller").first.wait_for()
    settled(page)
    found = page.evaluate(
        """() => {
            const words = getComputedStyle(document.querySelector('[data-testid=stDataFrame]'), '::before');
            return words.content.includes('swipe') ? words.visibility : words.content;
        }"""
    )
    assert found == said
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_ground_in_both_themes(app: str, browser: Browser, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
    page.goto(f"{app}/{AUDIT}?model=prediction")
    page.get_by_text("What next", exact=True).wait_for()
    page.locator(".js-plotly-plot .ytick text").first.wait_for()
    caption = "[data-testid=stMain] [data-testid=stCaptionContainer]"
    drawn = ".js-plotly-plot .ytick text"
    for selector in (".verdict .sentence", ".verdict .state", ".audit-title .question", drawn, caption):
        assert contrast(page, selector) >= 4.5, selector
    page.goto(f"{app}/dataset-and-models?model=prediction")
    chosen = "[data-testid=stButtonGroup] [data-selected=true]"
    page.locator(chosen).first.wait_for()
    settled(page)
    assert contrast(page, chosen) >= 4.5
    page.close()


def contrast(page: Page, selector: str) -> float:
    """Return the contrast (WCAG 2) of a text's colour with the page's ground."""
    colours = page.evaluate(
        """selector => {
            const paint = colour => {
                const pen = document.createElement('canvas').getContext('2d');
                pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
                return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
            };
            const found = document.querySelector(selector);
            const style = getComputedStyle(found);
            const [text, ground] = [
                found instanceof SVGElement ? style.fill : style.color,
                getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor,
            ].map(paint);
            // Text that is faded has the ground shining through.
            return [text.map((part, place) => style.opacity * part + (1 - style.opacity) * ground[place]), ground];
        }""",
        selector,
    )
    dark, light = sorted(luminance(colour) for colour in colours)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: list[int]) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_file_of_the_project_is_served(app: str, page: Page) -> None:
    for path in ("app/static/theme.css", "app/static/../../app.py", "pages/home.py", "media/../app.py"):
        answer = page.request.get(f"{app}/{path}")
        # Streamlit answers an address it does not know with its own page.
        assert not answer.ok or "<!doctype html>" in answer.text().lower()
