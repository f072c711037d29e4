"""Rows, their figures and targets: what was measured, and whether it is enough.

A row is one thing measured ("cat/file-pipe-drop@1GiB"); a contestant is who does it
("zc-cat", "cat"); a figure is what is counted of it ("rate", "cpu"). Every round runs
every contestant once, in turn, and the values of a round are neighbours: ratios are made
of neighbours alone, because the machine of one minute is not that of the next.
"""

from __future__ import annotations

import fnmatch
import json
import math
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

# Above this a run says nothing: percent of the median.
NOISY = 25.0

# What it is counted in, and whether more is better.
FIGURES: dict[str, tuple[str, bool]] = {
    "rate": ("GiB/s", True),
    "cpu": ("s/GiB", False),
    "cpu per sink": ("s/GiB", False),
    "wall": ("us", False),
    "trip": ("us", False),
    "connections": ("1/s", True),
    "memory": ("bytes", False),
    "descriptors": ("", False),
    "core": ("%", False),
    "cpu time": ("ms", False),
    "cached": ("%", False),
}

Sample = dict[str, float]


def median(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float]) -> float:
    """The middle half of the values (the interquartile range), in percent of their median."""
    middle = statistics.median(values)
    if len(values) < 2 or middle == 0:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return 100 * (high - low) / abs(middle)


def more_than_chance(hits: int, tries: int) -> bool:
    """Whether a coin would do as well in less than one of twenty cases: the sign test."""
    as_good = sum(math.comb(tries, n) for n in range(hits, tries + 1))
    return as_good * 20 < 1 << tries


@dataclass
class Row:
    """One row: the values of every contestant, a list per figure, one a round."""

    name: str
    title: str
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, contestant: str, sample: Sample) -> None:
        figures = self.values.setdefault(contestant, {})
        for figure, value in sample.items():
            figures.setdefault(figure, []).append(value)

    @property
    def ours(self) -> str:
        return next(iter(self.values))

    def figures(self) -> list[str]:
        return list(self.values[self.ours])

    def ratios(self, figure: str, peer: str) -> list[float]:
        ours = self.values[self.ours].get(figure, [])
        theirs = self.values.get(peer, {}).get(figure, [])
        return [a / b for a, b in zip(ours, theirs) if b > 0]

    def best_peer(self, figure: str) -> str | None:
        """The fastest program that somebody might use instead: no floor, none of ours."""
        more_is_better = FIGURES[figure][1]
        peers = [
            name
            for name in self.values
            if name != self.ours and not name.startswith(("zc-", "plain", "no program", "--"))
        ]
        if not peers:
            return None
        pick = max if more_is_better else min
        return pick(peers, key=lambda name: median(self.values[name][figure]))

    def to_json(self) -> dict[str, Any]:
        return {"row": self.name, "title": self.title, "values": self.values}


@dataclass
class Run:
    """One run of scripts/bench: its header and its rows."""

    header: dict[str, str]
    rows: list[Row] = field(default_factory=list)

    def save(self, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"header": self.header}) + "\n")
            for row in self.rows:
                file.write(json.dumps(row.to_json()) + "\n")

    @staticmethod
    def load(path: Path) -> Run:
        try:
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            rows = [Row(line["row"], line["title"], line["values"]) for line in lines[1:]]
            return Run(lines[0]["header"], rows)
        except (ValueError, LookupError, TypeError) as wrong:
            raise ValueError(f"{path}: not a saved run") from wrong


@dataclass(frozen=True)
class Target:
    """A line of the file `targets`.

    `pattern` names rows, by shell wildcards, or several with commas; `peer` is a contestant, "best" (the fastest
    peer there is) or "-" (the figure itself, no ratio); `reason` is what limits a row that
    does not get there, with the measurement that shows it.
    """

    pattern: str
    figure: str
    peer: str
    at_least: bool
    bound: float
    reason: str

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='}{self.bound:g}"

    def is_for(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.pattern.split(","))

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


def read_targets(path: Path) -> list[Target]:
    """Lines of four words; what is indented below one is its reason; # starts a comment."""
    entries: list[tuple[str, list[str]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace() and entries:
            entries[-1][1].append(line.strip())
        else:
            entries.append((line, []))
    targets = []
    for line, reason in entries:
        words = line.split()
        if len(words) != 4 or words[3][:2] not in (">=", "<="):
            raise ValueError(f"{path}: no target: {line}")
        pattern, figure, peer, bound = words
        targets.append(
            Target(
                pattern,
                figure.replace("_", " "),
                peer.replace("_", " "),
                bound.startswith(">="),
                float(bound[2:]),
                " ".join(reason),
            )
        )
    return targets


@dataclass(frozen=True)
class Verdict:
    """How one row of one run stands to one target."""

    row: Row
    target: Target
    peer: str
    values: list[float]

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> float:
        return spread(self.values)

    @property
    def word(self) -> str:
        if self.spread > NOISY:
            return "noisy"
        return "reached" if self.target.is_reached(self.value) else "SHORT"

    @property
    def hits(self) -> int:
        """How many rounds reached the target, however far apart they are."""
        return sum(map(self.target.is_reached, self.values))


def judged_peers(name: str, targets: list[Target]) -> set[str]:
    """Whom a row's targets name; "best" may be any, "-" is nobody."""
    return {target.peer for target in targets if target.is_for(name)}


def judge(row: Row, targets: list[Target]) -> Iterator[Verdict]:
    """One verdict for every target that the row has, and whose peer is there."""
    for target in targets:
        if not target.is_for(row.name):
            continue
        if target.figure not in row.figures():
            continue
        peer = row.best_peer(target.figure) if target.peer == "best" else target.peer
        if peer == "-":
            values = row.values[row.ours][target.figure]
        elif peer is None or peer not in row.values:
            continue
        else:
            values = row.ratios(target.figure, peer)
        if values:
            yield Verdict(row, target, peer, values)
