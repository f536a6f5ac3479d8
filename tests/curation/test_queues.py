"""Queues come from whatever columns the results have, never from an audit's name."""

import dataclasses
import json

import numpy as np
import pandas as pd

from audit.curation.queues import LONGEST, near_pairs, queues
from audit.result import Result, Verdict, score_table


def result(by_sample, rows=({"row": "none", "value": 0.5},)):
    frame = by_sample if by_sample.index.name == "sample_id" else by_sample.rename_axis("sample_id")
    return Result(
        overall=score_table([{"score": "x", "value": 1.0}]),
        by_group=score_table(list(rows), index="row"),
        by_sample=frame,
        verdict=Verdict(state="no_difference", sentence="-", score="x"),
    )


def named(found):
    return {queue.name: queue for queue in found}


def test_negative_margins_come_most_negative_first(dataset):
    frame = pd.DataFrame({"margin": [0.2, -0.1, -0.5, np.nan, 0.0, -0.3]}, index=dataset.index)
    queue = named(queues(dataset, [(result(frame), {"key": "k1"})]))["negative margins"]
    assert queue.samples == ("s2", "s5", "s1")
    assert queue.source == "k1"


def test_rows_that_name_two_samples_with_different_labels_make_pairs(dataset):
    rows = [
        {"row": "a", "value": 0.2, "first": "s0", "second": "s1"},
        {"row": "b", "value": 0.9, "first": "s2", "second": "s3"},
        {"row": "same label", "value": 1.0, "first": "s0", "second": "s2"},
        {"row": "classes, not samples", "value": 1.0, "first": "cat", "second": "dog"},
    ]
    found = queues(dataset, [(result(pd.DataFrame(index=dataset.index), rows), {"key": "k"})])
    assert named(found)["sharp label pairs"].samples == ("s2", "s3", "s0", "s1")


def test_a_column_of_partners_makes_pairs_too(dataset):
    frame = pd.DataFrame(
        {"sharp_partner": ["s1", None, "s3", None, None, None], "sharpness": [0.1, 0, 0.8, 0, 0, 0]},
        index=dataset.index,
    )
    found = queues(dataset, [(result(frame), {})])
    assert named(found)["sharp label pairs"].samples == ("s2", "s3", "s0", "s1")


def test_equal_files_and_near_vectors_in_two_splits_are_found(dataset):
    queue = named(queues(dataset, [], dataset.arrays["embeddings"]))["duplicates across splits"]
    assert set(queue.samples[:2]) == {"s0", "s5"}
    assert queue.samples[2:] == ("s1", "s4")
    assert named(queues(dataset, []))["duplicates across splits"].samples == queue.samples[:2]


def test_near_pairs_are_never_of_one_split_and_come_once():
    vectors = np.array([[1, 0], [1, 0.001], [1, 0.01], [0, 1], [np.nan, 0]])
    split = np.array(["train", "train", "test", "test", "test"])
    assert near_pairs(vectors, split) == [(1, 2), (0, 2)]


def test_a_model_that_sees_everything_alike_finds_no_more_than_the_copies():
    random = np.random.default_rng(0)
    vectors = np.array([1.0, *([0.0] * 15)]) + 0.02 * random.normal(size=(80, 16))
    vectors[70] = vectors[5] + 1e-4 * random.normal(size=16)
    split = np.repeat(["train", "test"], 40)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert ((unit[:40] @ unit[40:].T).max(axis=1) > 0.99).all()
    assert near_pairs(vectors, split) == [(5, 70)]


def test_the_worst_slice_is_the_one_with_the_fewest_right_predictions(dataset):
    size = 20
    metadata = pd.DataFrame(
        {"label": ["cat"] * (3 * size), "light": ["day"] * size + ["dusk"] * size + ["night"] * size},
        index=pd.Index([f"t{n}" for n in range(3 * size)], name="sample_id"),
        dtype="str",
    )
    large = dataclasses.replace(
        dataset, metadata=metadata, root=None, roles=dataset.roles.__class__(label="label"), arrays={}
    )
    said = ["cat"] * size + ["cat"] * 15 + ["dog"] * 5 + ["dog"] * 12 + ["cat"] * 8
    frame = pd.DataFrame({"predicted": said}, index=metadata.index)
    rows = [{"row": light, "value": 0.0, "where": json.dumps({"light": light})} for light in ("day", "dusk", "night")]
    # A row that names the answer is wrong by definition, and tells nothing.
    rows.append({"row": "mistakes", "value": 0.0, "where": json.dumps({"predicted": "dog"})})
    queue = named(queues(large, [(result(frame, rows), {})]))["worst slice"]
    assert "light night" in queue.title
    assert "40.0 %" in queue.reason
    assert queue.samples == tuple(f"t{n}" for n in range(40, 60))


def test_unusable_images_are_listed_with_their_reasons(dataset):
    broken = pd.DataFrame(
        {"filepath": ["1.png"], "reason": ["truncated image"]}, index=pd.Index(["s1"], name="sample_id"), dtype="str"
    )
    queue = named(queues(dataclasses.replace(dataset, quarantine=broken), []))["quarantined"]
    assert queue.samples == ("s1",)
    assert "truncated image (1)" in queue.reason
    found = pd.concat([broken, broken.rename({"s1": "s2"})])
    assert named(queues(dataset, [], quarantine=found))["quarantined"].samples == ("s1", "s2")


def test_the_newest_result_makes_the_queue_and_no_queue_is_endless(dataset):
    def margins(values):
        return result(pd.DataFrame({"margin": values}, index=dataset.index))

    found = queues(dataset, [(margins([-1.0, 1, 1, 1, 1, 1]), {"key": "new"}), (margins([-1.0] * 6), {"key": "old"})])
    assert named(found)["negative margins"].source == "new"
    assert all(len(queue.samples) <= LONGEST for queue in found)
