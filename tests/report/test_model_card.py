"""The model card: what was measured, what people wrote, and nothing guessed."""

import dataclasses

from audit.report.model_card import UNRECOMMENDED, UNWRITTEN, model_card
from tests.review.conftest import make_finding

HEADINGS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


def lines(card):
    return {section["heading"]: section["lines"] for section in card}


def test_it_has_the_papers_headings_in_order_and_says_what_nobody_has_written():
    card = model_card([make_finding()])
    assert [section["heading"] for section in card] == HEADINGS
    assert lines(card)["Intended use"] == [UNWRITTEN]
    assert "pets: 200 samples" in lines(card)["Evaluation data"][0]
    assert "night: 70.0 % (95 % interval 60.0 to 80.0 %), n = 50" in lines(card)["Quantitative analyses"]
    assert "Two left out." in lines(card)["Caveats and recommendations"]
    assert lines(card)["Caveats and recommendations"][-1] == UNRECOMMENDED
    assert UNWRITTEN not in lines(card)["Caveats and recommendations"]


def test_groups_that_hold_come_first_and_the_others_are_counted():
    def row(name, value, q):
        return {"group": name, "value": value, "q_value": q, "unit": "share"}

    groups = [row(f"g{n}", 0.9, 0.8) for n in range(8)]
    groups += [row("even worse", 0.2, 0.01), row("worst", 0.1, 0.01), row("worse", 0.3, 0.002)]
    finding = dataclasses.replace(make_finding(), groups=groups, groups_left_out=2)
    found = lines(model_card([finding]))["Quantitative analyses"]
    assert [line.split(":")[0] for line in found[1:5]] == ["worse", "worst", "even worse", "g0"]
    assert found[-1] == "Toy audit: 5 further rows are in the result's table."
    assert len(found) == 10


def test_without_correction_rows_keep_their_order():
    groups = [{"group": name, "value": value} for name, value in (("b", 0.9), ("a", 0.1))]
    found = lines(model_card([dataclasses.replace(make_finding(), groups=groups)]))["Quantitative analyses"]
    assert [line.split(":")[0] for line in found[1:]] == ["b", "a"]


def test_what_people_wrote_and_decided_is_in_it(review):
    card = lines(model_card([item.finding for item in review.minutes().items], review.minutes()))
    assert card["Intended use"][0].startswith("<script>")
    assert any("mitigate" in line for line in card["Caveats and recommendations"])
