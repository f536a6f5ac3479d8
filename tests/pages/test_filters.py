from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.errors import InputError
from pages.filters import Filter, filters_text, is_range, read_filters, slider_ends


def filter_page() -> None:
    import numpy as np
    import pandas as pd
    import streamlit as st

    from pages.filters import show_filters
    from pages.state import PageState

    table = pd.DataFrame({"light": ["day", "night"] * 10, "margin": np.linspace(-1, 1, 20)})
    columns = {"light": "light", "margin": "Robustness: margin"}
    mask, words = show_filters(
        columns, lambda name: table[name] if name in table.columns else None, PageState("p"), len(table)
    )
    st.text(f"{'all' if mask is None else int(mask.sum())}|{words}")


def test_values_pass_as_text_and_a_missing_one_is_named() -> None:
    column = pd.Series(["a", "b", None, "a"])
    assert Filter(among=("a",)).mask(column).tolist() == [True, False, False, True]
    assert Filter(among=("none",)).mask(column).tolist() == [False, False, True, False]


def test_a_range_holds_its_ends_and_leaves_missing_numbers_out() -> None:
    column = pd.Series([0.1, 0.2, 0.3, np.nan])
    assert Filter(low=0.2).mask(column).tolist() == [False, True, True, False]
    assert Filter(low=0.1, high=0.2).mask(column).tolist() == [True, True, False, False]


def test_a_link_gives_the_filters_back() -> None:
    filters = {"light": Filter(among=("day", "dusk")), "margin": Filter(high=0.5), "n": Filter(low=1, high=3)}
    assert read_filters(filters_text(filters)) == filters
    assert filters_text({}) == ""


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": "b"}', '{"a": [1, "b"]}', '{"a": []}', '{"a": [true, false]}'])
def test_a_broken_link_is_a_clear_error(text: str) -> None:
    with pytest.raises(InputError, match="`filter` must be a JSON object"):
        read_filters(text)


def test_a_condition_is_said_in_words() -> None:
    assert Filter(among=("day", "dusk")).words() == "day or dusk"
    assert Filter(high=0.5).words() == "at most 0.5"
    assert Filter(low=0.5).words() == "at least 0.5"
    assert Filter(low=0, high=1).words() == "0 to 1"


def test_few_numbers_are_values_and_many_are_a_range() -> None:
    assert not is_range(pd.Series([1, 2, 3] * 5))
    assert is_range(pd.Series(np.linspace(0, 1, 30)))
    assert not is_range(pd.Series([True, False] * 20))


@pytest.mark.parametrize(
    "numbers", [np.linspace(-0.31, 0.7712, 40), np.arange(12.0), np.full(9, 3.0), np.array([0, 1e7])]
)
def test_a_slider_holds_every_number(numbers: np.ndarray) -> None:
    low, high, step = slider_ends(numbers)
    assert low <= numbers.min() <= numbers.max() <= high
    assert low < high
    assert step > 0


def test_what_the_link_says_is_what_passes() -> None:
    page = AppTest.from_function(filter_page, default_timeout=30)
    page.query_params["filter"] = '{"light": ["night"], "margin": [0, null]}'
    page.run()
    assert not page.exception
    assert page.text[0].value == "5|light night, margin at least 0"


def test_a_chosen_value_is_kept_in_the_link_and_lifted_again() -> None:
    page = AppTest.from_function(filter_page, default_timeout=30).run()
    assert page.text[0].value == "all|"
    page.multiselect(key="filter columns").set_value(["light"]).run()
    page.multiselect[1].set_value(["day"]).run()
    assert page.text[0].value == "10|light day"
    assert page.query_params["filter"] == '{"light": ["day"]}'
    page.button(key="lift filters").click().run()
    assert page.text[0].value == "all|"
    assert "filter" not in page.query_params


def test_a_range_is_set_by_its_slider() -> None:
    page = AppTest.from_function(filter_page, default_timeout=30).run()
    page.multiselect(key="filter columns").set_value(["margin"]).run()
    assert page.text[0].value == "all|"
    page.slider[0].set_value((0.5, 1.0)).run()
    assert page.text[0].value == "5|margin at least 0.5"


def test_a_column_that_is_gone_is_said() -> None:
    page = AppTest.from_function(filter_page, default_timeout=30)
    page.query_params["filter"] = '{"gone": ["x"]}'
    page.run()
    assert "There is no column “gone”" in page.warning[0].value
    assert page.text[0].value == "all|"
