"""Measuring in turns, and the table of ratios."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: what is compared with what.
        ours, theirs: medians; CPU microseconds where `unit` does not say otherwise.
        budget: the highest ratio allowed; None: for information.
        strict: the ratio must be below the budget.
        unit: shown after the medians.
    """

    what: str
    ours: float
    theirs: float
    budget: float | None = None
    strict: bool = False
    unit: str = "us"

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        if self.budget is None:
            return None
        return self.ratio < self.budget if self.strict else self.ratio <= self.budget


def interleaved(works: Iterable[Work], *, rounds: int, repeat: int) -> list[float]:
    """Median CPU microseconds of each work, measured in turns, since a shared machine's speed varies."""
    works = list(works)
    seen: list[list[float]] = [[] for _ in works]
    for work in works:  # warm
        work()
    for _ in range(rounds):
        for work, times in zip(works, seen, strict=True):
            start = time.process_time()
            for _ in range(repeat):
                work()
            times.append((time.process_time() - start) / repeat * 1e6)
    return [statistics.median(times) for times in seen]


def table(rows: Iterable[Row]) -> str:
    """The rows as text: `what | ratio | budget | met?`, and the medians behind each ratio."""
    lines = [("what", "ratio", "budget", "met?", "ours / baseline")]
    for row in rows:
        sign = "<" if row.strict else "<="
        budget = "" if row.budget is None else f"{sign} {row.budget:g}"
        met = {None: "", True: "yes", False: "NO"}[row.met]
        lines.append((row.what, f"{row.ratio:.2f}", budget, met, f"{row.ours:.1f} / {row.theirs:.1f} {row.unit}"))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    shown = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    shown.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(shown)
