"""Work in threads: everything once, in its order, never too much at a time."""

import threading

import pytest

from srredsim import threads


@pytest.fixture(params=[1, 3])
def cores(request, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: request.param)
    return request.param


def test_results_come_in_the_order_of_the_items(cores):
    late = threading.Event()

    def square(n: int) -> int:
        if cores > 1 and n == 0:
            assert late.wait(30)
        if n == 1:
            late.set()
        return n * n

    assert threads.in_threads(square, range(7)) == [n * n for n in range(7)]
    late.clear()
    assert list(threads.in_order(square, range(7))) == [n * n for n in range(7)]


def test_work_within_work_does_not_wait_for_a_thread(cores):
    def sums(n: int) -> int:
        return sum(threads.in_threads(lambda m: n * m, range(4)))

    assert threads.in_threads(sums, range(9)) == [6 * n for n in range(9)]


def test_items_are_made_by_the_caller_and_not_too_early(cores):
    made, used = [], 0

    def items():
        for n in range(12):
            made.append(threading.current_thread())
            assert len(made) - used <= cores + 2  # one is just being made, and one just being used
            yield n

    for _ in threads.in_order(lambda n: n, items()):
        used += 1
    assert set(made) == {threading.current_thread()}
    assert used == 12


def test_a_failure_ends_the_work(cores):
    done = []

    def work(n: int) -> None:
        if n == 2:
            raise ValueError("two")
        done.append(n)

    with pytest.raises(ValueError, match="two"):
        list(threads.in_order(work, range(100)))
    assert len(done) <= 3 + cores
    with pytest.raises(ValueError, match="two"):
        threads.in_threads(work, range(4))
