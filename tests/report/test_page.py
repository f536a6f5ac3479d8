"""The page: one file, no script, everything escaped, below its size."""

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from audit.locations import assets_folder
from audit.report import page
from audit.report.content import review_report, run_report
from audit.report.page import report_html


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]


@pytest.fixture
def read(review):
    reader = Reader()
    text = report_html(review_report(review.minutes(), review.events())).decode()
    reader.feed(text)
    return text, reader


def test_nothing_from_data_becomes_markup(read):
    text, reader = read
    assert "script" not in reader.tags
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_nothing_is_fetched_and_the_page_forbids_it(read):
    _, reader = read
    sources = [value for _, name, value in reader.attributes if name in ("src", "href", "action", "data", "srcset")]
    assert sources
    assert all(value.startswith(("data:image/webp", "#finding-")) for value in sources)
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    policy = next(v for t, n, v in reader.attributes if t == "meta" and n == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "script-src" not in policy


def test_every_picture_has_words(read):
    text, reader = read
    images = [v for t, n, v in reader.attributes if t == "img" and n == "alt"]
    assert len(images) == reader.tags.count("img") > 0
    assert re.search("<figcaption>", text)


def test_decisions_thresholds_signatures_card_and_trail_are_there(read):
    text, _ = read
    for words in (
        "mitigate",
        "2027-01-31",
        "✓ pass",
        "stands as signed",
        "Model card",
        "Intended use",
        "Trail",
        "What changed",
    ):
        assert words in text


def test_the_number_stands_below_its_drawing_in_words_that_do_not_break(finding):
    score = {"score": "accuracy_gap", "value": 0.849, "low": 0.8, "high": 0.9, "null": None, "unit": "share"}
    plots = [{"title": "The number", "text": "Dot.", "svg": "<svg></svg>"}]
    frozen = dataclasses.replace(finding, score=score, plots=plots, sentence="It is 84.9 % of them.")
    text = report_html(run_report(frozen)).decode()
    assert "accuracy gap 84.9\u00a0% · 95\u00a0% interval 80.0 to 90.0\u00a0%</p>" in text
    assert '<figure class="number">' in text
    assert "It is 84.9\u00a0% of them." in text


def test_a_page_that_would_be_too_large_goes_without_some_images(finding, monkeypatch):
    image = {**finding.images[0], "source": "data:image/webp;base64," + "A" * 20_000}
    large = dataclasses.replace(finding, images=[image] * 16)
    whole = len(report_html(run_report(large)))
    monkeypatch.setattr(page, "LARGEST", whole - 100_000)
    smaller = report_html(run_report(large))
    assert len(smaller) <= whole - 100_000
    assert smaller.count(b"data:image/webp") in (4, 8)


def test_a_printed_page_cuts_no_chart_and_no_row():
    sheet = (assets_folder() / "report.css").read_text(encoding="utf-8")
    printed = sheet[sheet.index("@media print") :]
    whole = re.search(r"([^{}]+)\{ break-inside: avoid; \}", printed)
    assert whole
    assert {"figure", "tr", ".verdict"} <= {name.strip() for name in whole[1].split(",")}
    # A chart cannot be kept whole on a page that it is longer than; the title and the words need room too.
    tallest = re.search(r"figure svg \{ max-height: (\d+)mm; \}", printed)
    margin = re.search(r"@page \{ size: A4; margin: (\d+)mm", sheet)
    assert tallest
    assert margin
    assert int(tallest[1]) <= 297 - 2 * int(margin[1]) - 40


def test_what_is_made_for_a_phone_is_not_printed():
    sheet = (assets_folder() / "report.css").read_text(encoding="utf-8")
    assert re.findall(r"@media ([^{]*max-width[^{]*)\{", sheet) == ["screen and (max-width: 640px) "]
