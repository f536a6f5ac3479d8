"""The drawings of the page."""

import json

import numpy as np
import pandas as pd
from plotly.colors import sample_colorscale

from audit.plots import SEQUENTIAL
from audit.result import Result, Verdict, score_table
from audit.subgroups.figures import ink_on, page_figures


def _result(rows):
    return Result(
        overall=score_table([{"score": "accuracy", "value": 0.9}]),
        by_group=score_table(rows, index="subgroup"),
        by_sample=pd.DataFrame(index=pd.Index(["a"], name="sample_id")),
        verdict=Verdict(state="differs", sentence="Yes."),
        settings={"attribute": "light"},
    )


def _cells(classes=2, groups=2, n=50):
    return [
        {
            "subgroup": f"class {c}, light = {g}",
            "kind": "cell",
            "class": f"c{c:03}",
            "group": f"g{g:03}",
            "value": 0.5 + 0.1 * (c + g) / (classes + groups),
            "low": 0.3,
            "high": 0.9,
            "n": n if (c, g) != (0, 0) else 4,
            "where": json.dumps({"label": str(c), "light": str(g)}),
        }
        for c in range(classes)
        for g in range(groups)
    ]


def test_words_on_every_colour_of_the_scale_stand_out_by_4_5_to_1():
    shares = np.linspace(0, 1, 51).tolist()
    grounds = sample_colorscale(SEQUENTIAL, shares, colortype="tuple")
    for ground, ink in zip(grounds, ink_on(shares), strict=True):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in ground]
        luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
        assert (1.05 / (luminance + 0.05) if ink == "#FFFFFF" else (luminance + 0.05) / 0.05) >= 4.5
    assert ink_on([0.0, 1.0]) == ["#FFFFFF", "#000000"]


def test_small_cells_are_grey_and_hatched_and_accuracy_and_n_are_printed():
    (figure,) = page_figures(_result(_cells()))
    grey, colour, hatch, labels = figure.figure.data
    assert np.asarray(grey.z)[0, 1] == 1
    assert np.isnan(np.asarray(colour.z)[0, 1])
    assert np.isfinite(np.asarray(colour.z)).sum() == 3
    assert len(hatch.x) == 9
    assert [text.partition("<br>")[0] for text in labels.text[:2]] == ["50%", "52%"]
    assert ["n 4<" in labels.text[0], "n 50<" in labels.text[1]] == [True, True]
    assert json.loads(labels.customdata[0]) == {"label": "0", "light": "0"}


def test_a_large_table_is_cut_and_says_so():
    (figure,) = page_figures(_result(_cells(60, 50)))
    assert np.asarray(figure.figure.data[1].z).shape == (40, 30)
    assert "40 classes and subgroups are in the table only" in figure.text


def test_no_rows_give_no_figures():
    rows = [{"subgroup": "attribute light", "kind": "attribute", "value": 0.1, "n": 5}]
    assert page_figures(_result(rows)) == ()
