"""Work in threads: everything once, in its order, never too much at a time."""

import threading
import time

import pytest

from srredsim import threads
from srredsim.cached import cached_property


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


def test_work_within_work_takes_a_core_that_has_nothing_left_to_do(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    together, done = threading.Barrier(2), threading.Event()

    def within(n: int) -> int:
        return together.wait(30)  # both, or neither comes back

    def work(n: int) -> set[int]:
        if n == 1:
            done.set()
            return set()
        assert done.wait(30)
        while threads._at_work._threads == 2:
            time.sleep(0.01)
        return set(threads.in_threads(within, range(2)))

    assert threads.in_threads(work, range(2)) == [{0, 1}, set()]
    assert threads._at_work._threads == 1


def test_a_property_of_one_object_does_not_wait_for_that_of_another():
    together, counted = threading.Barrier(2), []

    class Measured:
        @cached_property
        def value(self) -> int:
            counted.append(self)
            return together.wait(30) * 0 + 7

    objects = Measured(), Measured()
    others = [threading.Thread(target=lambda each=each: each.value) for each in objects]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [each.value for each in objects] == [7, 7]
    assert len(counted) == 2


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
