import dataclasses
import importlib.util
import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from audit import engine, shards
from audit.base import DerivedExtractor, Extractor, ImageExtractor, ImageVariant
from audit.dataset import Dataset, Roles
from audit.errors import Cancelled, InputError
from audit.image_files import ImageProblem
from audit.images import open_image
from audit.models.base import Preprocessing
from audit.outputs import Embeddings, EncodedImages, PhraseEmbeddings, Predictions, Probabilities
from audit.store import Store


class Model:
    """Means of the colours of each quarter; counts what it is asked for."""

    name = "quarters"
    dtype = "float32"
    device = "cpu"
    notes = ()
    logit_scale = 10.0
    abilities = frozenset({"image_encoder", "text_encoder"})
    preprocessing = Preprocessing(size=(16, 16), resize_to=(16, 16), mean=(0.0,) * 3, std=(1.0,) * 3)

    def __init__(self, *, fits: int = 10_000, fingerprint: str = "quarters", spoil: float | None = None) -> None:
        self.fits = fits
        self.fingerprint = fingerprint
        self.spoil = spoil
        self.batches: list[int] = []
        self.phrases: list[str] = []

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(images))
        if len(images) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        values = self.preprocessing.normalise(images)
        rows = torch.nn.functional.avg_pool2d(values, 8).flatten(1)
        if self.spoil is not None:
            rows[rows[:, 0] > self.spoil] = torch.nan
        return rows

    def encode_text(self, phrases: Sequence[str]) -> np.ndarray:
        self.phrases.extend(phrases)
        return np.asarray([[len(phrase)] * 12 for phrase in phrases], dtype=np.float32)

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Brightness(ImageExtractor):
    uses_model: ClassVar[bool] = False

    def compute(self, model: Any, images: torch.Tensor) -> Mapping[str, torch.Tensor]:
        values = images.float().flatten(1)
        return {"mean": values.mean(1), "largest value/all": values.amax(1)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Greyed(ImageVariant):
    refuse: str = ""

    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:
        if sample_id == self.refuse:
            raise ImageProblem("no mask")
        return image.convert("L").convert("RGB")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Total(DerivedExtractor):
    kept: ClassVar[bool] = True
    aligned: ClassVar[bool] = False
    calls: ClassVar[list[int]] = []

    def inputs(self, dataset: Dataset, model: Any) -> tuple[Extractor, ...]:
        return (Embeddings(),)

    def compute(self, dataset: Dataset, model: Any, *arrays: Any) -> np.ndarray:
        self.calls.append(len(arrays[0]))
        return np.asarray(arrays[0]).sum(axis=0)


def pictures(root: Path, count: int = 20, *, broken: Sequence[int] = (), nameless: Sequence[int] = ()) -> Dataset:
    rng = np.random.default_rng(0)
    root.mkdir(exist_ok=True)
    names: list[str | None] = []
    for row in range(count):
        path = root / f"{row}.png"
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)
        if row in broken:
            path.write_bytes(path.read_bytes()[:300])
        names.append(None if row in nameless else path.name)
    index = pd.Index([f"s{row:03d}" for row in range(count)], name="sample_id", dtype="str")
    label = ["ab", "c"] * (count // 2)
    metadata = pd.DataFrame({"filepath": pd.Series(names, dtype="str").to_numpy(), "label": label}, index=index)
    return Dataset(name="pictures", metadata=metadata, root=root, roles=Roles(label="label"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return pictures(tmp_path / "images")


def embed(dataset: Dataset, model: Model, store: Store, **settings: Any) -> np.ndarray:
    return np.asarray(engine.compute(dataset, model, [Embeddings()], store=store, **settings)[Embeddings()])


def reference(dataset: Dataset, model: Model) -> np.ndarray:
    """Embed one image after the other with Pillow and the model alone."""
    rows = []
    for name in dataset.metadata["filepath"]:
        array = model.preprocessing.prepare(Image.open(dataset.root / name).convert("RGB"))
        rows.append(model.encode_image(torch.from_numpy(array.transpose(2, 0, 1).copy())[None])[0].numpy())
    return np.stack(rows)


def test_rows_are_those_of_a_plain_loop_in_the_datasets_order(dataset: Dataset, store: Store) -> None:
    np.testing.assert_allclose(embed(dataset, Model(), store, batch_size=3), reference(dataset, Model()), rtol=1e-6)


def test_the_second_time_nothing_is_computed_and_the_array_is_mapped(dataset: Dataset, store: Store) -> None:
    first = embed(dataset, Model(), store)
    again = Model()
    outputs = engine.compute(dataset, again, [Embeddings()], store=store)
    assert isinstance(outputs[Embeddings()], np.memmap)
    assert again.batches == []
    assert np.array_equal(outputs[Embeddings()], first)


def test_another_model_or_other_pixels_are_another_output(dataset: Dataset, store: Store) -> None:
    embed(dataset, Model(), store)
    other = Model(fingerprint="other")
    embed(dataset, other, store)
    Image.new("RGB", (20, 24)).save(dataset.root / "0.png")
    changed = Model()
    embed(dataclasses.replace(dataset, content=None), changed, store)
    assert sum(other.batches) == sum(changed.batches) == 20


def test_broken_and_absent_images_are_left_out_counted_and_quarantined(tmp_path: Path, store: Store) -> None:
    dataset = pictures(tmp_path / "images", broken=[3, 7], nameless=[5])
    (dataset.root / "9.png").unlink()
    outputs = engine.compute(dataset, Model(), [Embeddings()], store=store, batch_size=4)
    kept = [row for row in range(20) if row not in {3, 5, 7, 9}]
    assert list(outputs.dataset.index) == [f"s{row:03d}" for row in kept]
    np.testing.assert_allclose(outputs[Embeddings()], reference(outputs.dataset, Model()), rtol=1e-6)
    assert outputs.notes == ("4 of 20 samples were left out: 2 truncated image, 1 without an image, 1 file missing.",)
    found = engine.quarantine(dataset, store)
    assert found["reason"].to_dict() == {"s003": "truncated image", "s007": "truncated image", "s009": "file missing"}
    assert found["filepath"].to_dict() == {"s003": "3.png", "s007": "7.png", "s009": "9.png"}


def test_an_audit_that_needs_no_image_sees_every_row(tmp_path: Path, store: Store) -> None:
    dataset = pictures(tmp_path / "images", broken=[3]).with_roles(Roles(label="label", prediction="label"))
    outputs = engine.compute(dataset, Model(), [Predictions(source="given")], store=store)
    assert len(outputs.dataset) == len(outputs[Predictions(source="given")]) == 20


def test_a_class_whose_only_images_are_broken_can_still_be_predicted(tmp_path: Path, store: Store) -> None:
    dataset = pictures(tmp_path / "images", 4, broken=[1, 3])
    outputs = engine.compute(dataset, Model(), [Probabilities()], store=store)
    assert outputs.dataset.classes == ("ab", "c")
    assert outputs[Probabilities()].shape == (2, 2)


def test_no_usable_image_at_all_is_an_error_with_the_reasons(tmp_path: Path, store: Store) -> None:
    dataset = pictures(tmp_path / "images", 4, broken=range(4))
    with pytest.raises(InputError, match="4 truncated image"):
        engine.compute(dataset, Model(), [Embeddings()], store=store)
    assert store.entries() == []


def test_no_readable_file_at_all_is_an_error(tmp_path: Path, store: Store) -> None:
    dataset = pictures(tmp_path / "images", 4)
    for path in dataset.root.iterdir():
        path.unlink()
    with pytest.raises(InputError, match="at least one readable file"):
        engine.compute(dataset, Model(), [Embeddings()], store=store)


def test_rows_that_are_not_finite_are_left_out_but_not_quarantined(dataset: Dataset, store: Store) -> None:
    values = reference(dataset, Model())[:, 0]
    outputs = engine.compute(dataset, Model(spoil=float(np.sort(values)[-3])), [Embeddings()], store=store)
    assert len(outputs.dataset) == 18
    assert outputs.notes == ("2 of 20 samples were left out: 2 the model's output is not finite.",)
    assert engine.quarantine(dataset, store).empty


def test_running_out_of_memory_halves_the_batch_and_goes_on(dataset: Dataset, store: Store) -> None:
    model = Model(fits=3)
    rows = embed(dataset, model, store, batch_size=8)
    assert model.batches == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    np.testing.assert_allclose(rows, reference(dataset, Model()), rtol=1e-6)
    [entry] = store.entries()
    assert store.provenance(entry.key)["device_batch_sizes"] == [2]
    assert store.provenance(entry.key)["batch_size"] == 8


def test_an_image_that_does_not_fit_alone_is_an_error_with_the_remedy(dataset: Dataset, store: Store) -> None:
    with pytest.raises(InputError, match="smaller model"):
        embed(dataset, Model(fits=0), store)


def test_an_error_of_the_model_itself_is_not_taken_for_lack_of_memory(dataset: Dataset, store: Store) -> None:
    model = Model()
    model.encode_image = lambda images: torch.ones(2, 3) @ torch.ones(2, 3)  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        embed(dataset, model, store)


def test_a_cancelled_run_goes_on_where_it_stopped_with_equal_bits(
    dataset: Dataset, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = embed(dataset, Model(), Store(tmp_path / "other"), batch_size=3)
    monkeypatch.setattr(shards, "SHARD_ROWS", 6)
    stopped = Model()
    with pytest.raises(Cancelled):
        embed(dataset, stopped, store, batch_size=3, cancelled=lambda: len(stopped.batches) >= 3)
    assert stopped.batches == [3, 3, 3]
    assert [entry.kind for entry in store.entries()] == ["partial"]
    resumed = Model()
    reports: list[engine.Progress] = []
    # Another batch size is asked for: the batches stay those that were begun, or the last bits would change.
    rows = embed(dataset, resumed, store, batch_size=5, progress=reports.append)
    assert resumed.batches == [3, 3, 3, 2]
    assert rows.tobytes() == whole.tobytes()
    assert [report.done for report in reports] == [12, 15, 18, 20]
    assert {report.total for report in reports} == {20}
    assert [entry.kind for entry in store.entries()] == ["output"]


def test_progress_tells_images_a_second_and_the_time_left(dataset: Dataset, store: Store) -> None:
    reports: list[engine.Progress] = []
    embed(dataset, Model(), store, batch_size=5, progress=reports.append)
    assert [report.done for report in reports] == [5, 10, 15, 20]
    assert {report.stage for report in reports} == {"Images"}
    assert reports[1].seconds_left == pytest.approx(10 / reports[1].rate)
    assert reports[-1].seconds_left == 0


def test_outputs_with_several_arrays_and_different_views_share_one_pass(
    dataset: Dataset, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("audit.stream.open_image", lambda path, **rest: opened.append(path) or open_image(path, **rest))
    grey = EncodedImages(variant=Greyed())
    outputs = engine.compute(dataset, Model(), [EncodedImages(), Brightness(), grey], store=store, batch_size=7)
    assert sorted(opened) == sorted(dataset.metadata["filepath"])
    assert set(outputs[Brightness()]) == {"mean", "largest value/all"}
    assert outputs[Brightness()]["largest value/all"].shape == (20,)
    quarters = outputs[grey].reshape(20, 3, 4)
    assert np.allclose(quarters[:, 0], quarters[:, 2])
    assert not np.allclose(outputs[EncodedImages()], outputs[grey])
    assert len(store.entries()) == 3


def test_an_output_that_is_there_is_not_computed_again_beside_a_new_one(dataset: Dataset, store: Store) -> None:
    model = Model()
    engine.compute(dataset, model, [EncodedImages()], store=store)
    engine.compute(dataset, model, [EncodedImages(), Brightness()], store=store)
    assert sum(model.batches) == 20


def test_a_variant_that_a_sample_lacks_something_for_leaves_that_sample_out(dataset: Dataset, store: Store) -> None:
    grey = EncodedImages(variant=Greyed(refuse="s004"))
    outputs = engine.compute(dataset, Model(), [EncodedImages(), grey], store=store)
    assert "s004" not in outputs.dataset.index
    assert outputs[EncodedImages()].shape == outputs[grey].shape == (19, 12)
    assert outputs.notes == ("1 of 20 samples were left out: 1 no mask.",)


def test_a_subset_is_read_from_its_parents_output(tmp_path: Path, store: Store) -> None:
    dataset = pictures(tmp_path / "images", broken=[4])
    embed(dataset, Model(), store)
    model = Model()
    subset = dataset.subset(["s002", "s004", "s019"])
    outputs = engine.compute(subset, model, [Embeddings()], store=store)
    assert model.batches == []
    assert list(outputs.dataset.index) == ["s002", "s019"]
    assert outputs.notes == ("1 of 3 samples were left out: 1 truncated image.",)
    np.testing.assert_allclose(outputs[Embeddings()], reference(outputs.dataset, model), rtol=1e-6)
    assert list(engine.quarantine(subset, store).index) == ["s004"]


def test_a_subset_whose_parent_was_not_computed_is_computed_alone(dataset: Dataset, store: Store) -> None:
    model = Model()
    embed(dataset.subset(["s002", "s003"]), model, store)
    assert model.batches == [2]


def test_a_kept_derived_output_is_made_once(dataset: Dataset, store: Store) -> None:
    Total.calls.clear()
    first = engine.compute(dataset, Model(), [Total()], store=store)[Total()]
    again = engine.compute(dataset, Model(), [Total()], store=store)[Total()]
    assert Total.calls == [20]
    assert np.array_equal(first, again)
    engine.compute(dataset.subset(dataset.index[:5]), Model(), [Total()], store=store)
    assert Total.calls == [20, 5]


def test_phrases_are_encoded_once(dataset: Dataset, store: Store) -> None:
    model = Model()
    phrases = PhraseEmbeddings(phrases=("a", "bcd"), templates=("{}", "a {}"))
    for _ in range(2):
        engine.compute(dataset, model, [phrases], store=store)
    assert model.phrases == ["a", "bcd", "a a", "a bcd"]


def test_a_damaged_output_is_computed_again_with_a_note(dataset: Dataset, store: Store) -> None:
    first = embed(dataset, Model(), store).copy()
    [entry] = store.entries()
    os.truncate(entry.path / "0.npy", 200)
    outputs = engine.compute(dataset, Model(), [Embeddings()], store=store)
    assert np.array_equal(outputs[Embeddings()], first)
    assert "damaged and has been computed again" in outputs.notes[0]
    assert sorted(each.kind for each in store.entries()) == ["damaged", "output"]


def test_two_who_ask_at_once_compute_once(dataset: Dataset, store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()
    first, second = Model(), Model()
    waited: list[engine.Progress] = []

    def slow(_: engine.Progress) -> None:
        begun.set()
        go_on.wait(10)

    def report(progress: engine.Progress) -> None:
        waited.append(progress)
        go_on.set()

    thread = threading.Thread(target=embed, args=(dataset, first, store), kwargs={"progress": slow, "batch_size": 10})
    thread.start()
    assert begun.wait(10)
    rows = embed(dataset, second, store, progress=report)
    thread.join()
    assert (first.batches, second.batches) == ([10, 10], [])
    assert waited[0].stage == "Another run is computing these images"
    np.testing.assert_allclose(rows, reference(dataset, Model()), rtol=1e-6)


def test_who_waits_for_another_can_be_cancelled(dataset: Dataset, store: Store) -> None:
    with store.lock(engine.image_key(EncodedImages(), dataset, Model())), pytest.raises(Cancelled):
        embed(dataset, Model(), store, cancelled=lambda: True)


def test_what_is_missing_is_an_input_error(dataset: Dataset, store: Store) -> None:
    model = Model()
    model.abilities = frozenset()
    with pytest.raises(InputError, match="no embeddings came with 'pictures'"):
        embed(dataset, model, store)


def test_a_batch_size_below_one_is_an_input_error(dataset: Dataset, store: Store) -> None:
    with pytest.raises(InputError, match="`batch_size` must be at least 1; got 0"):
        embed(dataset, Model(), store, batch_size=0)


def test_provenance_of_an_output_names_device_batch_seconds_and_failures(tmp_path: Path, store: Store) -> None:
    embed(pictures(tmp_path / "images", broken=[6]), Model(), store, batch_size=8)
    facts = store.provenance(store.entries()[0].key)
    assert (facts["device"], facts["dtype"], facts["batch_size"], facts["images"]) == ("cpu", "float32", 8, 20)
    assert facts["failures"] == {"6": "truncated image"}
    assert facts["seconds"] >= 0
    assert facts["model_facts"] == {"name": "quarters"}


@pytest.fixture(scope="module")
def recovery() -> ModuleType:
    path = Path(__file__).parent / "benchmarks" / "bench_recovery.py"
    spec = importlib.util.spec_from_file_location("bench_recovery", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_killed_run_goes_on_with_equal_bits_and_lists_broken_images(recovery: ModuleType, tmp_path: Path) -> None:
    table = recovery.make(tmp_path / "data", 300, 20)

    def run(store: str) -> dict[str, Any]:
        command = recovery.command(table, tmp_path / store, shard_rows=32)
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    whole = run("a")
    command = recovery.command(table, tmp_path / "b", shard_rows=32, pause=0.2)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        assert 2 <= recovery.killed_at_shard(process, tmp_path / "b", 2) < 9
    run("b")
    arrays = [np.load(tmp_path / name / "embeddings.npy") for name in "ab"]
    assert arrays[0].tobytes() == arrays[1].tobytes()
    assert arrays[0].shape == (280, 64)
    kinds = pd.read_csv(table, keep_default_na=False).set_index("sample_id")["broken"]
    assert whole["quarantine"] == {sample: recovery.EXPECTED[kind] for sample, kind in kinds[kinds != ""].items()}
