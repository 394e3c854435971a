"""Works side by side: A B C A B C, so that what else runs on the machine meets all of them."""

import statistics
import time
from collections.abc import Callable, Sequence


def alternated(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, dict]:
    """Seconds of each work, by the clock and of the processor, and how many of those of the first.

    The first round does not count. A ratio is that within a round: its median, the least and the greatest.
    """
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            clock, processor = time.perf_counter(), time.process_time()
            work()
            if number:
                seconds[name].append((time.perf_counter() - clock, time.process_time() - processor))
    first = next(iter(seconds.values()))
    return {
        name: {
            "seconds": round(statistics.median(clock for clock, _ in mine), 3),
            "core_seconds": round(statistics.median(processor for _, processor in mine), 3),
            "of_the_first": ratio([a / b for (a, _), (b, _) in zip(mine, first, strict=True)]),
            "cores_of_the_first": ratio([a / b for (_, a), (_, b) in zip(mine, first, strict=True)]),
        }
        for name, mine in seconds.items()
    }


def ratio(found: Sequence[float]) -> list[float]:
    """Median, least and greatest."""
    return [round(each, 3) for each in (statistics.median(found), min(found), max(found))]


def in_words(three: Sequence[float]) -> str:
    return f"{three[0]:.2f} ({three[1]:.2f} to {three[2]:.2f})"
