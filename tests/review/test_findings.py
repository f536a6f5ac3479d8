"""A finding is a copy: it holds score, plots, images and provenance, and nothing changes it later."""

import dataclasses

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image

from audit.base import Audit, Figure
from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.result import Result, Verdict, score_table
from audit.review.findings import MOST_IMAGES, MOST_ROWS, Finding, audit_of, freeze, frozen_images


@dataclasses.dataclass(frozen=True, kw_only=True)
class Toy(Audit):
    title = "Toy"
    category = "Groups"
    question = "Is it?"
    reference = "nobody"
    reading = "so"

    def requires(self, dataset, model):
        return ()

    def __call__(self, outputs):
        raise NotImplementedError

    def figures(self, result, dataset):
        bar = go.Figure(go.Bar(x=["a", "b"], y=[1, 2]))
        return (
            Figure(title="Bars", figure=bar, text="two"),
            Figure(title="Pie", figure=go.Figure(go.Pie()), text="no"),
        )


@pytest.fixture
def result():
    rows = [
        {
            "group": f"g{n}",
            "value": n / 100,
            "low": 0.0,
            "high": 1.0,
            "n": 5,
            "unit": "share",
            "kind": kind,
            "where": "{}",
        }
        for kind in ("subgroup", "class")
        for n in range(MOST_ROWS + 5)
    ]
    score = {"score": "gap", "value": 0.2, "low": 0.1, "high": np.nan, "n": 60, "unit": "points"}
    return Result(
        overall=score_table([score]),
        by_group=score_table(rows, index="group"),
        by_sample=pd.DataFrame(
            {"predicted": ["cat"] * 20}, index=pd.Index([f"s{n}" for n in range(20)], name="sample_id")
        ),
        verdict=Verdict(state="differs", sentence="A gap.", score="gap"),
        notes=("One left out.",),
    )


@pytest.fixture
def dataset(tmp_path):
    for n in range(20):
        Image.new("RGB", (300, 200), (n, 0, 0)).save(tmp_path / f"{n}.png")
    (tmp_path / "1.png").write_bytes(b"broken")
    table = pd.DataFrame(
        {"filepath": [f"{n}.png" for n in range(20)], "label": ["cat", "dog"] * 10, "light": ["day"] * 20},
        index=pd.Index([f"s{n}" for n in range(20)], name="sample_id"),
        dtype="str",
    )
    return Dataset(name="pets", metadata=table, root=tmp_path, roles=Roles(label="label", attributes=("light",)))


def test_it_holds_the_score_the_rows_shown_and_the_figures_that_can_be_drawn(result, dataset):
    finding = freeze(Toy(), result, {"key": "k", "audit": "toy", "secret": 1}, dataset, kind="class")
    assert finding.score["value"] == 0.2
    assert finding.score["high"] is None
    assert len(finding.groups) == MOST_ROWS
    assert finding.groups_left_out == 5
    assert [plot["title"] for plot in finding.plots] == ["The number", "Bars"]
    assert "Pie" in finding.notes[-1]
    assert finding.provenance == {"key": "k", "audit": "toy"}


def test_of_too_many_rows_those_that_hold_are_kept_in_their_order(result):
    rows = result.by_group[result.by_group["kind"] == "class"].assign(q_value=0.9)
    rows.iloc[-1, rows.columns.get_loc("q_value")] = 0.01
    finding = freeze(Toy(), dataclasses.replace(result, by_group=rows), {}, None)
    assert len(finding.groups) == MOST_ROWS
    assert finding.groups[-1]["group"] == rows.index[-1]
    assert [row["group"] for row in finding.groups[:-1]] == list(rows.index[: MOST_ROWS - 1])


def test_without_the_data_the_rows_themselves_are_drawn(result):
    finding = freeze(Toy(), result, {}, None)
    assert [plot["title"] for plot in finding.plots] == ["The number", "By group"]


def test_its_number_says_what_it_means_and_stands_beside_the_published_models(result):
    known = dataclasses.make_dataclass("Known", [], bases=(Toy,), frozen=True, kw_only=True)
    known.meanings = {"gap": "Highest less lowest."}
    known.published = {"gap": {"Low": 0.05, "High <b>": 0.75}}
    number = freeze(known(), result, {}, None).plots[0]
    assert "2 in all: lowest Low +5.0 points, highest High <b> +75.0 points." in number["text"]
    assert number["text"].startswith("Highest less lowest. The dot is the value")
    assert "published models" in number["svg"]
    assert "High &lt;b&gt;: +75.0 points" in number["svg"]
    assert "published" not in freeze(Toy(), result, {}, None).plots[0]["svg"]


def test_it_survives_being_written_and_read(result):
    finding = freeze(Toy(), result, {}, None)
    assert Finding.from_json(finding.to_json()) == finding
    assert dataclasses.replace(finding, sentence="Another.").digest() != finding.digest()


def test_its_images_are_small_copies_and_broken_ones_are_left_out(dataset, result, tmp_path):
    table = dataset.metadata.join(result.by_sample)
    images = frozen_images(dataset, table, list(dataset.index), prediction="predicted", folder=tmp_path / "thumbnails")
    assert len(images) == MOST_IMAGES
    assert [image["sample_id"] for image in images[:2]] == ["s0", "s2"]
    assert images[0]["wrong"] is False
    wrong = frozen_images(dataset, table, ["s3"], prediction="predicted", folder=tmp_path / "thumbnails")[0]
    assert (wrong["caption"], wrong["prediction"], wrong["wrong"], wrong["tag"]) == ("dog", "cat", True, "day")
    assert wrong["source"].startswith("data:image/webp;base64,")
    assert len(wrong["source"]) < 20_000


def test_a_run_of_an_audit_that_is_not_installed_is_said():
    with pytest.raises(InputError, match="'gone'"):
        audit_of({"audit": "gone"})
