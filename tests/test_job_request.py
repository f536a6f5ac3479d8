import json
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.job_request import JobRequest, map_request

TOYS = Path(__file__).parent / "data" / "toys"


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOYS))


def toy(**changes: object) -> JobRequest:
    facts = {"kind": "audit", "dataset": "pets", "model": "m", "audit": "toy", **changes}
    return JobRequest(**facts)  # type: ignore[arg-type]


def test_equal_requests_are_one_job() -> None:
    assert toy(settings={"least": 2}).job_id() == toy(settings={"least": 2}).job_id()


def test_settings_that_mean_the_same_are_one_job() -> None:
    assert (
        toy(settings={"least": "2"}).specification()["settings"]
        == toy(settings={"least": 2}).specification()["settings"]
    )
    assert (
        toy(settings={"least": "2"}).job_id()
        == toy(settings={"least": 2}).job_id()
        == toy(settings={"least": 2.0}).job_id()
    )
    assert toy(settings={"least": 1}).job_id() == toy().job_id()


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "other"},
        {"model": "other"},
        {"settings": {"least": 2}},
        {"roles": {"label": "other"}},
        {"fingerprint": "changed"},
        {"kind": "embed", "audit": ""},
        {"kind": "map", "audit": ""},
        {"kind": "map", "audit": "", "settings": {"method": "umap"}},
    ],
)
def test_whatever_changes_the_answer_is_another_job(change: dict[str, object]) -> None:
    assert toy(**change).job_id() != toy().job_id()


def test_a_new_version_of_the_audit_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    before = toy().job_id()
    monkeypatch.setattr("toy_audits.toy.Toy.version", 2)
    assert toy().job_id() != before


def test_a_request_equals_itself_after_a_journey_through_json() -> None:
    request = toy(settings={"classes": ("a", "b")}, roles={"attributes": ("x",)})
    assert JobRequest(**json.loads(json.dumps(request.facts()))) == request


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audit": "nothing"}, "`audit` must be one of"),
        ({"settings": {"least": 0}}, "`least` must be between 1 and 100; got 0."),
        ({"kind": "paint"}, "`kind` must be one of audit, embed, map; got 'paint'."),
        ({"kind": "map", "settings": {"colour": 1}}, "`settings` of a map must be among .*; got 'colour'."),
    ],
)
def test_a_wrong_request_is_refused_before_it_waits(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        toy(**change).job_id()


def test_a_map_asked_for_by_its_method_is_the_map_with_the_other_parameters_at_their_defaults() -> None:
    asked = map_request("umap", "pets", "m", fingerprint="f")
    spelled = {"method": "umap", "neighbors": 15, "min_dist": 0.1, "seed": 0}
    request = JobRequest(kind="map", dataset="pets", model="m", settings=spelled, fingerprint="f")
    assert asked.job_id() == request.job_id()
    assert asked.job_id() != map_request("pca", "pets", "m", fingerprint="f").job_id()
