from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.sources import DatasetSource
from audit.workspace import Workspace
from pages.importing import field_names, in_fields, split_list, suggestions


def import_page() -> None:
    from pages.importing import show_add_dataset

    show_add_dataset()


@pytest.fixture
def page(workspace: Workspace) -> AppTest:
    assert workspace.datasets()
    return AppTest.from_function(import_page, default_timeout=60)


def send(page: AppTest) -> AppTest:
    return next(button for button in page.button if button.label == "Add the dataset").click().run()


def test_blanks_around_commas_do_not_count() -> None:
    assert split_list(" a, b ,,c ") == ("a", "b", "c")


def test_folders_that_look_like_data_are_suggested(drawn_samples: Path, tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "1.jpg").write_bytes(b"x")
    (tmp_path / "notes").mkdir()
    assert suggestions([drawn_samples.parent, tmp_path]) == [str(drawn_samples), str(tmp_path / "pets")]


def test_a_dataset_is_added_by_its_path_and_chosen(page: AppTest, workspace: Workspace, drawn_samples: Path) -> None:
    workspace.remove_dataset("drawn")
    page.run()
    page.selectbox(key="add path").set_value(str(drawn_samples))
    page.text_input(key="add name").set_value("again")
    send(page)
    assert not page.exception
    assert "again" in workspace.datasets()
    assert page.query_params["dataset"] == "again"


def test_columns_with_names_of_their_own_are_named_in_the_form(
    page: AppTest, workspace: Workspace, drawn_samples: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    table = pd.read_csv(drawn_samples / "samples.csv").rename(columns={"filepath": "shot", "sample_id": "lesion"})
    table.to_csv(own / "samples.csv", index=False)
    workspace.declare_root(own)
    page.run()
    page.selectbox(key="add path").set_value(str(own))
    page.text_input(key="add images").set_value(str(drawn_samples))
    page.text_input(key="add image column").set_value("shot")
    page.text_input(key="add id column").set_value("lesion")
    send(page)
    assert not page.exception
    assert not page.error
    dataset = workspace.load_dataset("own")
    assert dataset.has_images
    assert list(dataset.index) == table["lesion"].astype("str").tolist()
    assert len(dataset.quarantine) == len(workspace.load_dataset("drawn").quarantine)


def test_a_path_outside_the_declared_folders_is_refused(
    page: AppTest, workspace: Workspace, drawn_samples: Path, tmp_path: Path
) -> None:
    page.run()
    page.selectbox(key="add path").set_value(str(drawn_samples))
    page.text_input(key="add name").set_value("outside")
    page.text_input(key="add images").set_value(str(tmp_path))
    send(page)
    assert "must lie below" in page.error[0].value.replace("\\", "")
    assert list(workspace.datasets()) == ["drawn"]


def test_a_dataset_that_cannot_be_read_is_not_kept(page: AppTest, workspace: Workspace, drawn_samples: Path) -> None:
    page.run()
    page.selectbox(key="add path").set_value(str(drawn_samples))
    page.text_input(key="add name").set_value("wrong")
    page.text_input(key="add embeddings").set_value(str(drawn_samples / "samples.csv"))
    send(page)
    assert page.error
    assert list(workspace.datasets()) == ["drawn"]


def test_the_field_that_was_typed_into_is_named_and_names_are_set_as_code(
    page: AppTest, drawn_samples: Path, tmp_path: Path
) -> None:
    page.run()
    page.selectbox(key="add path").set_value(str(drawn_samples))
    page.text_input(key="add images").set_value(str(tmp_path))
    send(page)
    assert page.error[0].value.startswith("`Image folder` must lie below")
    assert "\\`" not in page.error[0].value


def test_what_is_to_be_mended_is_called_as_in_the_form(page: AppTest, drawn_samples: Path) -> None:
    page.run()
    page.selectbox(key="add path").set_value(str(drawn_samples))
    page.text_input(key="add image column").set_value("shots")
    send(page)
    assert page.error[0].value.startswith("`Column of image paths` must name a column of samples")
    assert in_fields("`label` and `images` stay as they are") == "`label` and `Image folder` stay as they are"


def test_each_path_of_a_source_has_its_field() -> None:
    source = DatasetSource(path="t", images="i", embeddings="e.npz#key", probabilities="p", join=("j",))
    assert field_names(source) == {
        "t": "Folder or table",
        "i": "Image folder",
        "e.npz": "Embeddings",
        "p": "Class probabilities",
        "j": "Further tables",
    }
