"""What was measured, held against what is wanted."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FLOOR, HUB, HUB_POSTGRESQL = "floor", "hub", "hub on PostgreSQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something both sides do. `most` is the goal: at most this many times the floor's time.

    growth: the goal for how time grows with the size.
    """

    goal: str
    title: str
    most: float | None = None
    unit: str = "ms"
    grows: bool = True
    growth: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result. `ratio` is of two medians of one round, the median over the rounds."""

    goal: str
    title: str
    figures: str
    ratio: float
    most: float | None

    @property
    def verdict(self) -> str:
        return "" if self.most is None else "met" if self.ratio <= self.most else "MISSED"


@dataclass(slots=True)
class Figures:
    """Every sample by job, size and side, one for each round in the order of the rounds."""

    samples: dict[tuple[Job, int, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    p95: dict[tuple[Job, int, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def note(self, job: Job, size: int, side: str, value: float, *, p95: float | None = None) -> None:
        self.samples[job, size, side].append(value)
        if p95 is not None:
            self.p95[job, size, side].append(p95)

    def against_the_floor(self) -> list[Row]:
        return [row for job, size in self._measured(HUB) for row in self._ratio(job, size, HUB, FLOOR, job.most)]

    def between_engines(self, most: float = 2.0) -> list[Row]:
        return [
            row
            for job, size in self._measured(HUB_POSTGRESQL)
            for row in self._ratio(job, size, HUB_POSTGRESQL, HUB, most)
        ]

    def spread(self, goal: str = "G6", most: float = 5.0) -> list[Row]:
        """How far p95 is from p50, where the goal says so."""
        return [
            Row(
                goal=goal,
                title=f"{job.title}, {size_name(size)}",
                figures=self._shown(job, size, HUB),
                ratio=statistics.median(
                    p95 / p50 for p50, p95 in zip(self.samples[job, size, HUB], self.p95[job, size, HUB], strict=True)
                ),
                most=most,
            )
            for job, size in self._measured(HUB)
            if job.goal == goal
        ]

    def growth(self) -> list[Row]:
        """How time grows from each size to the next: log of the times by log of the sizes, 0 is not at all."""
        rows = []
        for job in dict.fromkeys(job for job, _ in self._measured(HUB) if job.grows):
            sizes = sorted(size for other, size in self._measured(HUB) if other == job and size)
            for small, large in itertools.pairwise(sizes):
                rows.append(self._exponent(job, small, large))
        return rows

    def _measured(self, side: str) -> list[tuple[Job, int]]:
        return [(job, size) for job, size, at in self.samples if at == side]

    def _ratio(self, job: Job, size: int, side: str, other: str, most: float | None) -> Iterable[Row]:
        ours, theirs = self.samples[job, size, side], self.samples.get((job, size, other))
        if theirs:
            figures = f"{self._shown(job, size, side)} : {self._shown(job, size, other)} {job.unit}"
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            goal = "G15" if side == HUB_POSTGRESQL else job.goal
            yield Row(goal=goal, title=f"{job.title}, {size_name(size)}", figures=figures, ratio=ratio, most=most)

    def _exponent(self, job: Job, small: int, large: int) -> Row:
        def exponent(side: str) -> float:
            pairs = zip(self.samples[job, small, side], self.samples[job, large, side], strict=True)
            return statistics.median(math.log(b / a) for a, b in pairs) / math.log(large / small)

        return Row(
            goal=job.goal,
            title=f"{job.title}, {size_name(small)} to {size_name(large)}",
            figures=f"floor {exponent(FLOOR):.2f}",
            ratio=exponent(HUB),
            most=job.growth,
        )

    def _shown(self, job: Job, size: int, side: str) -> str:
        p95 = self.p95.get((job, size, side))
        tail = f" ({statistics.median(p95):.1f})" if p95 else ""
        return f"{statistics.median(self.samples[job, size, side]):.2f}{tail}"


def size_name(size: int) -> str:
    if not size:
        return "empty"
    return f"{size // 1_000_000} M" if size >= 1_000_000 else f"{size // 1000} k" if size >= 1000 else str(size)


def print_table(title: str, rows: Sequence[Row], *, ratio: str = "ratio", sign: str = "×") -> None:
    if not rows:
        return
    width = max(len(row.title) for row in rows)
    middle = max(len(row.figures) for row in rows)
    print(f"\n{title}")
    for row in rows:
        most = "" if row.most is None else f"≤ {sign}{row.most:g}"
        print(
            f"  {row.goal:4} {row.title:{width}}  {row.figures:>{middle}}  {ratio} {sign}{row.ratio:<6.2f} {most:7}"
            f" {row.verdict}".rstrip()
        )
