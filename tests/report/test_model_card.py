"""The model card: what was measured, what people wrote, and nothing guessed."""

from audit.report.model_card import UNWRITTEN, model_card
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


def test_what_people_wrote_and_decided_is_in_it(review):
    card = lines(model_card([item.finding for item in review.minutes().items], review.minutes()))
    assert card["Intended use"][0].startswith("<script>")
    assert any("mitigate" in line for line in card["Caveats and recommendations"])
