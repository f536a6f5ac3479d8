"""Names beside the points of the quadrants: none hides anything at any width, and who has none is counted."""

import numpy as np
import pandas as pd
import pytest

from audit.complexity.figures import page_figures
from audit.complexity.names import LETTER, LINE, PLOTS
from audit.result import Result, Verdict, score_table


def quadrants(x, y, association=0.5):
    rows = [
        {
            "row": f"atom {i}",
            "kind": "atom",
            "value": x[i],
            "low": x[i] - 0.01,
            "high": x[i] + 0.01,
            "importance": y[i],
            "association": association,
            "tied_to": "background sand",
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
    return [note for note in figure.layout.annotations if note.showarrow]


def legend(figure):
    return [trace.name for trace in figure.data[1:]]


def test_points_apart_are_named_with_their_strength_and_the_theme_colours_the_names():
    figure = quadrants([0.1, 0.4, 0.8], [0.1, 0.3, 0.2])
    found = {note.text.replace("<br>", " ") for note in names(figure)}
    assert found == {"0: sand .500", "1: sand .500", "2: sand .500"}
    assert {note.font.color for note in names(figure)} == {None}
    assert legend(figure) == ["shortcut candidate"]


def test_a_candidate_with_no_clear_tie_keeps_its_number_alone():
    figure = quadrants([0.1, 0.4, 0.8], [0.1, 0.3, 0.2], association=0.161)
    assert {note.text for note in names(figure)} == {"0", "1", "2"}
    assert set(figure.data[0].marker.symbol) == {"diamond-open"}
    assert legend(figure) == ["candidate with no clear tie"]


def test_where_points_crowd_only_the_names_that_fit_are_written_and_the_others_counted():
    place = np.linspace(0, 1, 16)
    x, y = (grid.ravel() for grid in np.meshgrid(place, np.linspace(0.05, 0.2, 10)))
    figure = quadrants(x, y)
    written = len(names(figure))
    assert written < 12
    assert legend(figure) == [f"shortcut candidate ({160 - written} not named here)"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", PLOTS)
def test_no_name_and_no_line_to_one_lies_on_a_point_or_on_another_name(seed, size):
    rng = np.random.default_rng(seed)
    figure = quadrants(rng.random(8), rng.random(8))
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range

    def place(x, y):
        return np.asarray([size[0] * (x - left) / (right - left), size[1] * (y - low) / (high - low)])

    points = [place(x, y) for x, y in zip(figure.data[0].x, figure.data[0].y, strict=True)]
    boxes, lines = [], []
    for note in names(figure):
        start = place(note.x, note.y)
        x, y = end = start + np.asarray([note.ax, -note.ay])
        wide = LETTER * max(len(line) for line in note.text.split("<br>"))
        tall = LINE * (1 + note.text.count("<br>"))
        x -= {"left": 0, "center": 0.5, "right": 1}[note.xanchor] * wide
        y -= {"bottom": 0, "middle": 0.5, "top": 1}[note.yanchor] * tall
        boxes.append((x, y, x + wide, y + tall))
        lines.append(np.linspace(start, end, 60))
    assert boxes
    for i, (box, line) in enumerate(zip(boxes, lines, strict=True)):
        assert min(box[:2]) >= 0
        assert (np.asarray(box[2:]) <= size).all()
        for other in boxes[i + 1 :]:
            assert box[0] >= other[2] or other[0] >= box[2] or box[1] >= other[3] or other[1] >= box[3]
        own = min(points, key=lambda point: np.abs(point - line[0]).sum())
        for point in points:
            assert not (box[0] < point[0] < box[2] and box[1] < point[1] < box[3])
            if point is not own:
                assert np.hypot(*(line - point).T).min() > 6
