"""Shards that workers leave are those that the local engine would have written."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit import distributed, engine
from audit.distributed import Backend, Part, compute_part, compute_shards, cut
from audit.errors import InputError
from audit.outputs import Embeddings, EncodedImages
from audit.sources import DatasetSource, ModelSource
from audit.store import Store

MODEL = ModelSource(spec="demo")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DatasetSource:
    """Twenty pictures, one of them broken."""
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(0)
    for number in range(20):
        pixels = draw.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    (folder / "07.png").write_bytes((folder / "07.png").read_bytes()[:300])
    table = pd.DataFrame({"filepath": [f"{number:02d}.png" for number in range(20)], "label": "a"})
    table.to_csv(folder / "samples.csv", index=False)
    return DatasetSource(path=str(folder / "samples.csv"))


def local(data: DatasetSource, store: Path) -> np.ndarray:
    outputs = engine.compute(data.load(), MODEL.load(), [EncodedImages()], store=Store(store), batch_size=4)
    return np.array(outputs[EncodedImages()])


def in_this_process(parts: list[Part], workers: int) -> object:
    assert workers >= 1
    yield from map(compute_part, parts)


def test_consecutive_batches_are_handed_out_together() -> None:
    spans = [(0, 4), (4, 8), (8, 12), (12, 16), (16, 18)]
    assert cut(spans, 2) == [(0, 12), (12, 18)]
    assert cut(spans, 100) == spans
    assert cut([(0, 4), (8, 12)], 1) == [(0, 4), (8, 12)]
    assert cut([], 3) == []


def test_what_workers_leave_is_assembled_bit_for_bit(
    data: DatasetSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "_processes", in_this_process)
    seen: list[tuple[int, int]] = []
    covered = compute_shards(
        data,
        MODEL,
        [EncodedImages()],
        store=tmp_path / "spread",
        workers=2,
        batch_size=4,
        progress=lambda progress: seen.append((progress.done, progress.total)),
    )
    assert covered == 20
    assert seen[-1] == (20, 20)
    # Nothing is left to compute: a model that cannot encode would be noticed.
    monkeypatch.setattr(EncodedImages, "compute", lambda *_: pytest.fail("computed again"))
    spread = local(data, tmp_path / "spread")
    monkeypatch.undo()
    assert np.array_equal(spread, local(data, tmp_path / "alone"))
    assert len(spread) == 19
    broken = engine.quarantine(data.load(), Store(tmp_path / "spread"))
    assert broken["reason"].tolist() == ["truncated image"]


def test_what_is_there_already_is_not_handed_out(data: DatasetSource, tmp_path: Path) -> None:
    local(data, tmp_path)
    assert compute_shards(data, MODEL, [EncodedImages()], store=tmp_path, workers=3, batch_size=4) == 0


def test_other_data_on_a_worker_is_refused(data: DatasetSource, tmp_path: Path) -> None:
    part = Part(
        dataset=data,
        model=MODEL,
        fingerprints=("other", MODEL.load().fingerprint),
        extractors=(EncodedImages(),),
        store=str(tmp_path),
        start=0,
        stop=4,
    )
    with pytest.raises(InputError, match="the same on every machine"):
        compute_part(part)


def test_wrong_words_are_told_with_their_remedy(data: DatasetSource, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`workers` must be at least 1; got 0"):
        compute_shards(data, MODEL, [EncodedImages()], store=tmp_path, workers=0)
    with pytest.raises(InputError, match="`backend` must be one of processes, ray; got 'dask'"):
        compute_shards(data, MODEL, [EncodedImages()], store=tmp_path, workers=1, backend="dask")  # type: ignore[arg-type]


def test_workers_do_not_run_the_program_that_asked_for_them(
    data: DatasetSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit('run again')", encoding="utf-8")
    main = ModuleType("__main__")
    main.__file__ = str(program)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert compute_shards(data, MODEL, [EncodedImages()], store=tmp_path / "s", workers=1, batch_size=20) == 20
    assert sys.modules["__main__"] is main


@pytest.mark.parametrize("backend", ["processes", "ray"])
def test_real_workers_leave_the_same_numbers(backend: Backend, data: DatasetSource, tmp_path: Path) -> None:
    if backend == "ray" and find_spec("ray") is None:
        pytest.skip("ray is not installed")
    loaded = data.load()
    extractors = engine.image_extractors([Embeddings()], loaded, MODEL.load())
    covered = compute_shards(data, MODEL, extractors, store=tmp_path / "b", workers=2, backend=backend, batch_size=4)
    assert covered == 20
    outputs = engine.compute(loaded, MODEL.load(), [Embeddings()], store=Store(tmp_path / "b"), batch_size=4)
    alone = engine.compute(loaded, MODEL.load(), [Embeddings()], store=Store(tmp_path / "a"), batch_size=4)
    assert np.allclose(outputs[Embeddings()], alone[Embeddings()], atol=1e-5)
