"""What prototype explanations cost beside the forward passes they need, and what they find on the drawn menagerie.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_prototypes.py cost demo
    OMP_NUM_THREADS=2 python tests/benchmarks/bench_prototypes.py cost timm:resnet50.random 100
    OMP_NUM_THREADS=2 python tests/benchmarks/bench_prototypes.py planted

``cost MODEL [IMAGES]`` prints, measured by turns in one run: the seconds of the bare forward passes (the image and
five changed ones, already made), those of the whole comparison with every part prototype, their ratio, that of the
comparison without texture (OpenCV's non-local means runs on the CPU whatever the model), and the seconds to explain
one sample.
``planted`` prints fidelity, the areas under deletion, and the share of each class's likeness and of its margin over its
twin that is lost with hue and with shape.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from audit.audits.prototypes import PrototypeExplanations
from audit.demo.menagerie import HUE_TWINS
from audit.demo.truth import SHAPE_TWINS
from audit.demo.write import write_world
from audit.engine import compute
from audit.models import load_model
from audit.outputs import Embeddings, unit_rows
from audit.prototypes.case import Setting, read_case
from audit.prototypes.curves import class_scores
from audit.prototypes.evidence import Evidence
from audit.prototypes.likeness import Likener, measure
from audit.prototypes.modifications import CHARACTERISTICS, modified
from audit.prototypes.passes import batches
from audit.readers import load_dataset
from audit.run import run
from audit.store import Store

CHUNK = 250


def cost(spec: str, n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dataset = load_dataset(write_world("menagerie", Path(folder) / "world", n=n, seed=5))
        model, store = load_model(spec, device="cpu"), Store(Path(folder) / "store")
        audit = PrototypeExplanations(by="label", explained=60, curves=2, doses=())
        result = run(audit, dataset, model, store=store).result
        extractor = audit.evidence(dataset, model)
        parts = Evidence.of(compute(dataset, model, [extractor], store=store)[extractor]).parts
        case = read_case(dataset, compute(dataset, model, [Embeddings()], store=store)[Embeddings()], None, Setting())
        likener = Likener(model, parts.vectors, scorer=class_scores(dataset, model, case))
        bare = whole = texture = 0.0
        # By turns, so that whatever else the machine does meets both alike.
        for rows in np.array_split(np.arange(len(dataset)), max(1, len(dataset) // CHUNK)):
            shown = [batch.images for batch in batches(dataset, model, rows)]
            passes = [each for each in shown for _ in range(1 + len(CHARACTERISTICS))]
            bare += timed(lambda passes=passes: [model.patch_features(each) for each in passes])
            whole += timed(
                lambda rows=rows: measure(
                    dataset, likener, rows, strengths=[np.ones(5)], dosed=0, seed=0, code=case.code
                )
            )
            texture += timed(lambda shown=shown: [modified(each, "texture") for each in shown])
        print(f"{spec}, {n} images, {len(parts.vectors)} prototypes, {torch.get_num_threads()} threads")
        print(f"  bare forward passes  {bare:8.2f} s")
        print(f"  whole comparison     {whole:8.2f} s   {whole / bare:.2f} times (control and decoding included)")
        print(f"  texture alone        {texture:8.2f} s   without it {(whole - texture) / bare:.2f} times")
        for turn in ("first", "second"):
            sample = str(dataset.index[0 if turn == "first" else 1])
            seconds = timed(lambda sample=sample: audit.examine(result, dataset, model, sample))
            print(f"  explaining the {turn} sample {seconds:.2f} s")


def timed(function: object) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def planted() -> None:
    with tempfile.TemporaryDirectory() as folder:
        dataset = load_dataset(write_world("menagerie", Path(folder) / "world", n=1400, seed=2024))
        model = load_model("demo", device="cpu")
        audit = PrototypeExplanations(explained=300, curves=100, doses=())
        result = run(audit, dataset, model, store=Store(Path(folder) / "store")).result
        print(result.overall.loc[["fidelity", "deletion_auc", "insertion_auc"], ["value", "low", "high", "null"]])
        apart = result.by_group[result.by_group["kind"] == "told_apart"]
        print("answers lost:")
        print(apart.pivot_table(index=["class", "rival"], columns="characteristic", values="value").round(2))
        rows = result.by_group[result.by_group["kind"] == "because"]
        for kind in ("hue", "shape"):
            mean = rows[rows["characteristic"] == kind].groupby("class")["relative_drop"].mean()
            print(f"likeness lost with {kind}:", mean.round(3).to_dict())
        label = dataset.metadata["label"].to_numpy()
        for own, twin in (tuple(HUE_TWINS), tuple(HUE_TWINS)[::-1], SHAPE_TWINS, SHAPE_TWINS[::-1]):
            text = unit_rows(model.encode_text([f"a photo of a {own}", f"a photo of a {twin}"]))
            images = torch.cat([batch.images for batch in batches(dataset, model, np.flatnonzero(label == own))])
            before = margin(model, images, text)
            lost = {
                f"{kind} x{strength}": 1 - margin(model, modified(images, kind, strength), text) / before
                for kind in ("hue", "shape")
                for strength in (1.0, 2.0)
            }
            print(f"margin of {own} over {twin} lost:", {name: round(value, 2) for name, value in lost.items()})


def margin(model: object, images: torch.Tensor, text: np.ndarray) -> float:
    vectors = unit_rows(np.concatenate([model.encode_image(part).numpy() for part in images.split(100)]))
    return float((vectors @ (text[0] - text[1])).mean())


if __name__ == "__main__":
    if sys.argv[1:2] == ["planted"]:
        planted()
    else:
        cost(sys.argv[2] if len(sys.argv) > 2 else "demo", int(sys.argv[3]) if len(sys.argv) > 3 else 1000)
