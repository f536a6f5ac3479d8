import json

import numpy as np
import pandas as pd
import pytest

from audit.dataset import Dataset, Roles
from audit.differences.sets import cell_of, choose, needs_predictions, resolve
from audit.errors import InputError

LABEL = ["cow"] * 20 + ["camel"] * 20
PREDICTED = np.asarray(["cow"] * 12 + ["camel"] * 8 + ["camel"] * 14 + ["cow"] * 6)
OTHER = ["cow"] * 20 + ["cow"] * 10 + ["camel"] * 10


@pytest.fixture
def dataset() -> Dataset:
    metadata = pd.DataFrame(
        {"label": LABEL, "light": ["day", "night"] * 20, "folder": ["x"] * 30 + ["y"] * 10, "second": OTHER},
        index=pd.Index([f"s{i:02d}" for i in range(40)], name="sample_id"),
    )
    return Dataset(name="d", metadata=metadata, roles=Roles(label="label", attributes=("light", "folder")))


def sizes(dataset, a, b=""):
    found = resolve(dataset, a, b, PREDICTED)
    return int(found.a.sum()), int(found.b.sum())


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("light=night", "", (20, 20)),
        ("folder=x", "folder=y", (30, 10)),
        ("wrong", "", (14, 26)),
        ("correct", "wrong", (26, 14)),
        ("cell:cow>camel", "", (8, 12)),
        ("disagreement:second", "", (None, None)),
        (json.dumps({"light": "night", "correct": False}), "", (7, 33)),
        (json.dumps({"label": ["cow", "camel"], "light": "day"}), "light=night", (20, 20)),
    ],
)
def test_a_text_names_its_samples(dataset, a, b, expected) -> None:
    found = sizes(dataset, a, b)
    if expected[0] is None:
        right = np.asarray(LABEL) == PREDICTED
        second = np.asarray(LABEL) == np.asarray(OTHER)
        expected = (int((right & ~second).sum()), int((~right & second).sum()))
    assert found == expected


def test_a_cell_is_compared_with_the_recognised_of_its_class(dataset) -> None:
    found = resolve(dataset, "cell:cow>camel", "", PREDICTED)
    assert found.words_b == "label cow, right predictions"
    assert cell_of("cell:cow>camel", dataset) == ("cow", "camel")
    assert cell_of("light=night", dataset) is None


def test_what_is_chosen_without_sets_is_told(dataset) -> None:
    assert choose(dataset, PREDICTED).a == "wrong"
    by_attribute = choose(dataset, None)
    assert json.loads(by_attribute.a).keys() == {"light"}
    assert "light" in by_attribute.note


def test_an_attribute_with_more_independent_groups_comes_first(dataset) -> None:
    table = dataset.metadata.assign(slide=["p", "q"] * 20, pair=[f"g{i // 2}" for i in range(40)])
    roles = Roles(label="label", attributes=("slide",), group_id="pair")
    grouped = Dataset(name="d", metadata=table.assign(slide=["p"] * 20 + ["q"] * 20), roles=roles)
    assert json.loads(choose(grouped, None).a).keys() == {"slide"}


def test_predictions_are_asked_for_only_where_they_decide(dataset) -> None:
    assert needs_predictions("", "", dataset, able=True)
    assert not needs_predictions("", "", dataset, able=False)
    assert not needs_predictions("light=day", "light=night", dataset, able=True)
    assert needs_predictions("wrong", "", dataset, able=True)
    assert needs_predictions(json.dumps({"predicted": "cow"}), "", dataset, able=True)
    assert not needs_predictions("correct:second", "wrong:second", dataset, able=True)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("light=night", "folder=x", "both: s01, s03"),
        ("light=dusk", "", "at least 6"),
        ("", "light=day", "`a` must say"),
        ("nothing", "", "must be column=value"),
        ("colour=red", "", "name columns"),
        ("{", "", "JSON"),
    ],
)
def test_sets_that_cannot_be_compared_are_refused_in_words(dataset, a, b, said) -> None:
    with pytest.raises(InputError, match=said):
        resolve(dataset, a, b, PREDICTED)
