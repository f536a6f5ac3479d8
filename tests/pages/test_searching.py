from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from audit import maps
from audit.sources import ModelSource
from audit.workspace import Workspace
from pages.searching import Found

pytestmark = pytest.mark.usefixtures("workspace")


def search_page() -> None:
    import streamlit as st

    from pages.searching import show_search
    from pages.session import dataset_of
    from pages.state import PageState, choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state.setdefault(choice_key("model"), "demo")
    st.session_state.setdefault("search box", True)
    found = show_search(dataset_of("drawn"), PageState("p"))
    if found is not None:
        st.text(f"{found.words}|{len(found.similarity)}|{found.similarity.max():.3f}")


def words(page: AppTest) -> str:
    parts = [*page.caption, *page.info, *page.warning]
    return " ".join(part.value for part in parts).replace("\\", "")


@pytest.fixture
def demo(workspace: Workspace) -> Workspace:
    workspace.add_model(ModelSource(spec="demo", name="demo"))
    return workspace


def test_the_most_similar_come_first_and_those_without_an_image_last() -> None:
    found = Found(similarity=pd.Series({"a": 0.1, "b": 0.7}), words="x")
    table = pd.DataFrame({"label": list("xyz")}, index=pd.Index(["a", "b", "c"], name="sample_id"))
    assert list(found.first(table).index) == ["b", "a", "c"]
    assert list(found.beside(table).columns) == ["similarity", "label"]
    assert np.isnan(found.beside(table).loc["c", "similarity"])


def test_before_the_embeddings_are_there_their_computation_is_offered(demo: Workspace) -> None:
    assert demo.models()
    page = AppTest.from_function(search_page, default_timeout=60).run()
    assert not page.exception
    assert "demo has not looked at the 60 samples yet" in words(page)
    assert [button.label for button in page.button] == ["Compute the embeddings"]


def test_nothing_is_loaded_before_somebody_searches(demo: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo.models()
    monkeypatch.setattr("pages.searching.model_of", lambda name: pytest.fail(f"{name} was loaded"))
    page = AppTest.from_function(search_page, default_timeout=60)
    page.session_state["search box"] = False
    page.run()
    assert not page.exception
    assert words(page) == ""


def test_words_and_pictures_rank_all_samples_with_an_image(demo: Workspace) -> None:
    dataset = demo.load_dataset("drawn")
    maps.embed(dataset, demo.load_model("demo"), store=demo.store)
    page = AppTest.from_function(search_page, default_timeout=60).run()
    assert not page.text
    page.text_input(key="search words").input("a red fox in snow").run()
    assert page.text[0].value.startswith("“a red fox in snow”|58|")
    assert page.query_params["find"] == "a red fox in snow"
    buffer = io.BytesIO()
    assert dataset.root is not None
    Image.open(dataset.root / "images" / "003.png").save(buffer, "PNG")
    page.file_uploader[0].upload("three.png", buffer.getvalue(), "image/png").run()
    assert page.text[0].value == "the picture three.png|58|1.000"
    assert "find" not in page.query_params
    page.button(key="end search").click().run()
    assert not page.exception
    assert not page.text


def test_a_model_without_a_text_encoder_says_so() -> None:
    page = AppTest.from_function(search_page, default_timeout=60)
    page.session_state["chosen model"] = "prediction"
    page.run()
    assert not page.exception
    assert "prediction has no text encoder" in words(page) or "has no text encoder" in words(page)
    assert "cannot look at a picture" in words(page)


def test_a_link_with_words_that_the_model_cannot_read_is_no_error() -> None:
    page = AppTest.from_function(search_page, default_timeout=60)
    page.session_state["chosen model"] = "prediction"
    page.query_params["find"] = "a dog"
    page.run()
    assert not page.exception
    assert "must have a text encoder" in words(page)
