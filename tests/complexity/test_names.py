"""Names beside the points of the quadrants: none hides anything, and none that fits is left out."""

import numpy as np
import pandas as pd
import pytest

from audit.complexity.figures import page_figures
from audit.result import Result, Verdict, score_table


def quadrants(x, y):
    rows = [
        {
            "row": f"atom {i}",
            "kind": "atom",
            "value": x[i],
            "low": x[i] - 0.01,
            "high": x[i] + 0.01,
            "importance": y[i],
            "association": 0.5,
            "tied_to": f"background sand{i}",
            "shortcut_candidate": True,
            "quadrant": "simple, important",
            "where": "{}",
        }
        for i in range(len(x))
    ]
    result = Result(
        overall=score_table([{"score": "complexity_difference", "value": 0.1}]),
        by_group=score_table(rows, index="row"),
        by_sample=pd.DataFrame(index=pd.Index(["a"], name="sample_id")),
        verdict=Verdict(state="differs", sentence="Yes."),
        settings={},
    )
    return page_figures(result)[0].figure


def names(figure):
    return [note for note in figure.layout.annotations if "sand" in note.text]


def test_points_apart_are_named_and_the_theme_colours_the_names():
    found = names(quadrants([0.1, 0.4, 0.8], [0.1, 0.3, 0.2]))
    assert [note.text for note in found] == ["0: sand0", "1: sand1", "2: sand2"]
    assert [note.font.color for note in found] == [None] * 3


def test_where_points_crowd_only_the_names_that_fit_are_written():
    place = np.linspace(0, 1, 16)
    x, y = (grid.ravel() for grid in np.meshgrid(place, np.linspace(0.05, 0.2, 10)))
    assert len(names(quadrants(x, y))) < 6


@pytest.mark.parametrize("seed", range(5))
def test_no_name_lies_on_another(seed):
    rng = np.random.default_rng(seed)
    figure = quadrants(rng.random(12), rng.random(12))
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    boxes = []
    for note in names(figure):
        x, y = 640 * (note.x - left) / (right - left) + note.ax, 370 * (note.y - low) / (high - low) - note.ay
        x -= {"left": 0, "center": 0.5, "right": 1}[note.xanchor] * 7 * len(note.text)
        y -= {"bottom": 0, "middle": 0.5, "top": 1}[note.yanchor] * 18
        boxes.append((x, y, x + 7 * len(note.text), y + 18))
    assert boxes
    for i, one in enumerate(boxes):
        assert all(one[0] >= b[2] or b[0] >= one[2] or one[1] >= b[3] or b[1] >= one[3] for b in boxes[i + 1 :])
