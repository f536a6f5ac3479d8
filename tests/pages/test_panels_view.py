from __future__ import annotations

import pytest
from PIL import Image

from audit.panels import Picture, PictureGroup, PictureRow
from audit.workspace import Workspace
from pages.panels_view import row_data


def row(*pictures: Picture) -> PictureRow:
    return PictureRow(title="A row", groups=(PictureGroup(title="Typical", pictures=pictures),), where='{"a": "b"}')


def drawn(workspace: Workspace, *pictures: Picture) -> list[dict[str, object]]:
    (made,) = row_data(workspace.load_dataset("drawn"), [row(*pictures)])
    assert made["title"] == "A row"
    assert made["where"] == '{"a": "b"}'
    (group,) = made["groups"]
    assert group["title"] == "Typical"
    return group["pictures"]


def test_a_picture_of_a_sample_is_a_thumbnail_in_the_page_itself(workspace: Workspace) -> None:
    sample = workspace.load_dataset("drawn").index[0]
    (picture,) = drawn(workspace, Picture(sample_id=sample, caption="day", tag="circle", box=(0.1, 0.2, 0.5, 0.6)))
    assert str(picture["source"]).startswith("data:image/webp;base64,")
    assert picture["alternative"] == "day, circle"
    assert picture["box"] == [0.1, 0.2, 0.5, 0.6]


def test_an_image_made_for_the_page_is_shown_as_it_is(workspace: Workspace) -> None:
    (picture,) = drawn(workspace, Picture(image=Image.new("RGB", (8, 4), "red"), caption="heat"))
    assert str(picture["source"]).startswith("data:image/webp;base64,")
    assert picture["id"] == ""


def test_a_picture_without_words_is_told_by_its_sample(workspace: Workspace) -> None:
    sample = workspace.load_dataset("drawn").index[0]
    (picture,) = drawn(workspace, Picture(sample_id=sample))
    assert picture["alternative"] == f"sample {sample}"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_any_kind_of_image_can_be_shown(workspace: Workspace, mode: str) -> None:
    (picture,) = drawn(workspace, Picture(image=Image.new(mode, (4, 4))))
    assert str(picture["source"]).startswith("data:image/webp;base64,")
