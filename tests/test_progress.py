import math

import pytest

from audit import progress
from audit.errors import Cancelled
from audit.progress import Meter, Progress, counted, listening


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    times = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[0])
    return times


def test_what_a_former_run_finished_counts_as_done_but_not_for_the_speed(clock: list[float]) -> None:
    meter = Meter("Images", 100)
    meter.start_at(80)
    clock[0] = 2.0
    report = meter.advance(10)
    assert (report.done, report.total, report.rate, report.seconds_left) == (90, 100, 5.0, 2.0)


def test_the_speed_is_that_of_the_last_half_minute(clock: list[float]) -> None:
    meter = Meter("Images", 1000)
    clock[0] = 100.0
    assert meter.advance(10).rate == pytest.approx(0.1)
    for second in range(101, 141):
        clock[0] = float(second)
        report = meter.advance(20)
    assert report.rate == pytest.approx(20)


def test_the_time_left_is_unknown_while_nothing_moves(clock: list[float]) -> None:
    meter = Meter("Images", 10)
    clock[0] = 1.0
    assert math.isnan(meter.advance(0).seconds_left)


def test_counted_items_are_told_to_the_listener_of_the_block_alone() -> None:
    heard: list[tuple[str, int, int]] = []
    assert list(counted([1, 2], "Parts", 2)) == [1, 2]
    with listening(lambda report: heard.append((report.stage, report.done, report.total))):
        assert list(counted(["ab", "c"], "Letters", 7, done=4, size=len)) == ["ab", "c"]
    assert list(counted([3], "Parts", 1)) == [3]
    assert heard == [("Letters", 4, 7), ("Letters", 6, 7), ("Letters", 7, 7)]


def test_a_listener_that_raises_ends_the_work_after_the_item_at_hand() -> None:
    worked: list[int] = []

    def stop_after_two(report: Progress) -> None:
        if report.done == 2:
            raise Cancelled

    with listening(stop_after_two), pytest.raises(Cancelled):
        worked.extend(counted(range(9), "Parts", 9))
    assert worked == [0, 1]
