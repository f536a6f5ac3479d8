import math

import pytest

from audit import progress
from audit.progress import Meter


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
