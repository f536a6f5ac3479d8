import dataclasses
import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.base import DerivedExtractor, Extractor, ImageVariant, canonical, select, specification
from audit.dataset import Dataset
from audit.errors import InputError
from audit.outputs import Embeddings, EncodedImages
from tests.fakes import FakeModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread(DerivedExtractor):
    version: ClassVar[int] = 3
    source: Extractor = dataclasses.field(default_factory=Embeddings)
    k: int = 5
    folder: Path | None = None
    words: tuple[str, ...] = ("a",)
    free: Any = None

    def inputs(self, dataset: Dataset, model: Any) -> tuple[Extractor, ...]:
        return (self.source,)

    def compute(self, dataset: Dataset, model: Any, *arrays: Any) -> np.ndarray:
        return np.std(arrays[0], axis=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Turned(ImageVariant):
    degrees: int = 90

    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:
        return image.rotate(self.degrees)


class TurnedBetter(Turned):
    version: ClassVar[int] = 2


def test_a_specification_holds_class_version_and_fields_of_nested_extractors_too() -> None:
    spec = specification(Spread(source=EncodedImages(variant=Turned())))
    assert spec["class"].endswith("test_base.Spread")
    assert spec["version"] == 3
    assert spec["fields"]["source"]["class"] == "audit.primary_outputs.EncodedImages"
    assert spec["fields"]["source"]["version"] == 1
    assert spec["fields"]["source"]["fields"]["variant"]["fields"] == {"degrees": 90}
    assert spec["fields"]["words"] == ["a"]


def test_another_field_class_or_version_is_another_key() -> None:
    plugins = [
        Spread(),
        Spread(k=6),
        Spread(source=EncodedImages()),
        Spread(source=EncodedImages(variant=Turned())),
        Spread(source=EncodedImages(variant=Turned(degrees=45))),
        Spread(source=EncodedImages(variant=TurnedBetter())),
        Spread(folder=Path("x")),
        Spread(words=("a", "b")),
    ]
    assert len({canonical(specification(plugin)) for plugin in plugins}) == len(plugins)


def test_equal_fields_are_equal_keys() -> None:
    assert canonical(specification(Spread())) == canonical(specification(Spread()))


@pytest.mark.parametrize("value", [np.zeros(2), object(), {1, 2}])
def test_what_is_not_plain_data_cannot_be_part_of_a_key(value: Any) -> None:
    with pytest.raises(InputError, match="`free` must be plain data"):
        specification(Spread(free=value))


def test_a_number_without_a_value_cannot_be_part_of_a_key() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(specification(Spread(free=float("nan"))))


def test_a_derived_output_lacks_what_its_inputs_lack() -> None:
    bare = Dataset(name="bare", metadata=pd.DataFrame(index=pd.Index(["a"], name="sample_id")))
    assert Spread().missing(bare, FakeModel()) == Embeddings().missing(bare, FakeModel()) != []


TABLE = pd.DataFrame({"animal": ["cat", "dog", "cow"], "year": [1, 2, 1]}, index=pd.Index(["a", "b", "c"]))


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("", [True, True, True]),
        ({}, [True, True, True]),
        ({"animal": "cat"}, [True, False, False]),
        ({"animal": ["cat", "cow"]}, [True, False, True]),
        ({"animal": ["cat", "dog"], "year": 1}, [True, False, False]),
        ('{"year": "2"}', [False, True, False]),
        ({"animal": "horse"}, [False, False, False]),
    ],
)
def test_where_selects_the_rows_that_meet_every_condition(where: Any, rows: list[bool]) -> None:
    assert select(where, TABLE).tolist() == rows


def test_where_survives_a_link() -> None:
    assert select(json.dumps({"year": [2]}), TABLE).tolist() == [False, True, False]


def test_where_on_an_unknown_column_is_an_error() -> None:
    with pytest.raises(InputError, match="got 'colour'"):
        select({"colour": "red"}, TABLE)
