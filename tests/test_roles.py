"""Column names of real tables are understood."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.dataset import Roles
from audit.roles import categorical_columns, find_column, guess_roles, normalised


def table(**columns: list[object]) -> pd.DataFrame:
    """Repeat short columns to 24 rows, so that two values are few."""
    frame = pd.DataFrame({name: (values * 24)[:24] for name, values in columns.items()})
    frame.index = pd.Index([f"s{row}" for row in range(24)], name="sample_id")
    return frame


def unique(start: str) -> list[object]:
    return [f"{start}{row}" for row in range(24)]


REAL_TABLES = {
    "cifar10_b": (
        table(label=["cat", "dog", "ship"], prediction=["cat", "ship", "dog"], background=["red", "blue"]),
        Roles(label="label", prediction="prediction", background="background", attributes=("background",)),
    ),
    "pacs": (
        table(filepath=unique("images/photo/pic_"), label=["dog", "horse"], center=["photo", "sketch"]),
        Roles(label="label", center="center", attributes=("center",)),
    ),
    "imagenet_sample": (
        table(
            filepath=unique("images/n0"),
            mask=[f"masks/{row}.png" for row in range(24)],
            label=unique("class "),
            imagenet_index=list(range(24)),
            wnid=unique("n0144"),
            animal_share=[0.25, 0.5],
        ),
        Roles(label="label", mask="mask"),
    ),
    "visdiff_example": (
        table(filepath=unique("images/a_"), group_name=["yoga", "meditation"], caption=unique("a woman ")),
        Roles(caption="caption", attributes=("group_name",)),
    ),
    "pathorob": (
        table(
            subset=["ID", "OOD"],
            slide_id=["test_035", "test_056", "test_016"],
            patch_id=list(range(24)),
            biological_class=["normal", "tumor"],
            medical_center=["RUMC", "UMCU"],
        ),
        Roles(
            label="biological_class",
            group_id="slide_id",
            center="medical_center",
            attributes=("subset", "medical_center"),
        ),
    ),
    "waterbirds": (
        table(
            img_id=list(range(24)),
            img_filename=[f"001.Black_footed_Albatross/{row}.jpg" for row in range(24)],
            y=[0, 1],
            split=[0, 1, 2],
            place=[0, 1],
            place_filename=[f"/o/ocean/{row:08}.jpg" for row in range(24)],
        ),
        Roles(label="y", split="split", background="place", attributes=("place",)),
    ),
    "ham10000": (
        table(
            lesion_id=unique("HAM_"),
            image_id=unique("ISIC_"),
            dx=["nv", "mel"],
            dx_type=["histo", "follow_up"],
            age=[80.0, 55.5],
            sex=["male", "female"],
        ),
        Roles(label="dx", group_id="lesion_id", attributes=("dx_type", "sex")),
    ),
    "camelyon17": (
        table(patient=["4", "10"], node=[0, 1, 2], x_coord=[3328, 3200], tumor=[0, 1], slide=[0, 1], center=[0, 3]),
        Roles(label="tumor", group_id="patient", center="center", attributes=("node", "slide", "center")),
    ),
}


@pytest.mark.parametrize("name", REAL_TABLES)
def test_the_columns_of_a_real_table_are_understood(name: str) -> None:
    metadata, expected = REAL_TABLES[name]
    assert guess_roles(metadata) == expected


def test_names_are_compared_without_case_and_punctuation() -> None:
    assert normalised(" Patient-ID ") == "patient_id"
    assert guess_roles(table(**{"Patient ID": ["1", "2"], "True Label": ["a", "b"]})) == Roles(
        label="True Label", group_id="Patient ID"
    )


def test_a_surer_name_wins_over_a_weaker_one() -> None:
    assert guess_roles(table(category=["x", "y"], label=["a", "b"])).label == "label"
    assert guess_roles(table(slide=["1", "2"], patient_id=["1", "2"])).group_id == "patient_id"
    assert find_column(["Path", "file_name"], ("file_name", "path")) == "file_name"


def test_what_the_user_sets_stays_and_is_not_guessed_for_another_role() -> None:
    metadata = table(label=["a", "b"], center=["x", "y"], coat=["dark", "light"])
    roles = guess_roles(metadata, Roles(label="center"))
    assert roles.label == "center"
    assert roles.center is None
    assert roles.attributes == ("label", "coat")


def test_attributes_set_by_the_user_are_the_only_ones() -> None:
    metadata = table(label=["a", "b"], light=["day", "night"], coat=["dark", "light"])
    assert guess_roles(metadata, Roles(attributes=("coat",))).attributes == ("coat",)


def test_further_models_predictions_are_no_attributes() -> None:
    metadata = table(label=["a", "b", "c"], resnet=["b", "a", "c"], light=["day", "night"])
    assert guess_roles(metadata).attributes == ("light",)


def test_a_column_with_one_value_or_more_than_thirty_is_no_attribute() -> None:
    frame = pd.DataFrame({"constant": ["x"] * 100, "many": [str(row % 31) for row in range(100)]})
    assert guess_roles(frame).attributes == ()


def test_a_y_beside_an_x_is_a_coordinate() -> None:
    assert guess_roles(table(x=[1, 2, 3], y=[1, 2])).label is None


def test_fractions_are_no_labels() -> None:
    assert guess_roles(table(target=[0.25, 0.5])).label is None


def test_a_text_column_named_mask_without_files_is_no_mask() -> None:
    assert guess_roles(table(mask=["yes", "no"])) == Roles(attributes=("mask",))


def test_columns_that_name_things_are_known_by_name_or_by_the_user() -> None:
    assert categorical_columns(["label", "age", "kind"], Roles(label="kind")) == {"label", "kind"}


def test_label_and_prediction_are_no_attributes_even_when_said_to_be() -> None:
    table = pd.DataFrame({"kind": ["a", "b"] * 4, "said": ["a", "b"] * 4, "light": ["day", "night"] * 4})
    given = Roles(label="kind", prediction="said", attributes=("kind", "light", "said"))
    assert guess_roles(table, given).attributes == ("light",)
    assert guess_roles(table, Roles(label="kind", attributes=("kind",))).attributes == ("said", "light")
