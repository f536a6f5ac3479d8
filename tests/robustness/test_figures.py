from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.robustness.figures import curve_figure
from audit.robustness.uncertainty import share_interval


def curve(low: list[float], high: list[float]) -> pd.DataFrame:
    k = [1, 11, 21]
    middle = (np.array(low) + np.array(high)) / 2
    return pd.DataFrame(
        {"k": k, "value": middle, "low": low, "high": high, "null": 0.5, "class_accuracy": 0.9}
        | {"chosen": [False, True, False]}
    )


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_band_that_resampling_cannot_fill_is_explained_where_it_is_drawn(mirrored: bool) -> None:
    draws = np.zeros((200, 3))
    draws[:, 2] = np.linspace(0.1, 0.3, 200)
    interval = share_interval(1 - draws if mirrored else draws, np.full(3, 24))
    figure = curve_figure(curve(interval.low.tolist(), interval.high.tolist()))
    assert figure is not None
    assert "Wilson's" in figure.figure.layout.xaxis.title.text
    assert figure.text.endswith("it is Wilson's over all of them.")


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]),
        ([0.0, 0.2, 0.3], [0.138, 0.3, 0.4]),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ([0.3, 0.3, 0.3], [0.4, 0.4, 0.4]),
        ([np.nan] * 3, [np.nan] * 3),
    ],
)
def test_other_bands_need_no_explanation(low: list[float], high: list[float]) -> None:
    figure = curve_figure(curve(low, high))
    assert figure is not None
    assert figure.figure.layout.xaxis.title.text == "neighbours counted, k"
    assert "Wilson" not in figure.text
