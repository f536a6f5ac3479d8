import threading

import pytest
from threadpoolctl import threadpool_info

from audit import lanes
from audit.lanes import lane_count, open_lanes


def blas_threads():
    return {
        library["filepath"]: library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def test_there_is_a_lane_at_least_and_eight_at_most(monkeypatch):
    for cores, expected in ((1, 1), (2, 2), (64, 8)):
        monkeypatch.setattr(lanes, "processors", lambda cores=cores: cores)
        assert lane_count() == expected


def test_products_share_the_processors_while_lanes_are_open_and_have_them_back_afterwards(monkeypatch):
    monkeypatch.setattr(lanes, "processors", lambda: 2)
    before = blas_threads()
    assert before
    with open_lanes() as pool:
        assert set(pool.map(lambda _: max(blas_threads().values()), range(4))) == {1}
        with open_lanes():
            assert set(blas_threads().values()) == {1}
        assert set(blas_threads().values()) == {1}
    assert blas_threads() == before


def test_whichever_user_finishes_first_the_share_holds_for_the_other(monkeypatch):
    monkeypatch.setattr(lanes, "processors", lambda: 2)
    before = blas_threads()
    opened, go = threading.Event(), threading.Event()

    def first():
        with open_lanes():
            opened.set()
            go.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert opened.wait(10)
    with open_lanes():
        go.set()
        thread.join()
        assert set(blas_threads().values()) == {1}
    assert blas_threads() == before


def test_an_error_in_a_lane_reaches_the_caller_and_gives_the_processors_back():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), open_lanes() as pool:
        list(pool.map(lambda _: 1 / 0, range(2)))
    assert blas_threads() == before
