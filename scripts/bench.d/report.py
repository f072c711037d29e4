"""What people see: a table as the rows come, and the list of what falls short."""

from __future__ import annotations

from typing import Sequence

from model import FIGURES, Row, Run, Target, Verdict, judge, median, more_than_chance, spread

WIDTH = 24


def number(value: float) -> str:
    """Four digits that mean something."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{value:.{digits}f}"


def heading() -> str:
    return (
        f"{'':{WIDTH}}{'median':>10} {'unit':<6}{'spread':>7}  "
        f"{'ours/theirs':>11} {'spread':>7}  {'target':<9}verdict"
    )


def table(row: Row, targets: Sequence[Target]) -> str:
    """A title, and for every figure a line for each contestant."""
    lines = [row.title]
    verdicts = list(judge(row, list(targets)))
    for figure in row.figures():
        if figure == "cpu per sink":
            continue
        for contestant, figures in row.values.items():
            if figure in figures:
                lines += contestant_lines(row, figure, contestant, verdicts)
    return "\n".join(lines)


def contestant_lines(
    row: Row, figure: str, contestant: str, verdicts: Sequence[Verdict]
) -> list[str]:
    values = row.values[contestant][figure]
    label = f"  {contestant}" + (", CPU" if figure == "cpu" else "")
    unit = FIGURES[figure][0]
    line = f"{label:{WIDTH}}{number(median(values)):>10} {unit:<6}{percent(values):>7}"
    about = "-" if contestant == row.ours else contestant
    judged = [v for v in verdicts if v.target.figure == figure and v.peer == about]
    ratios = row.ratios(figure, contestant) if contestant != row.ours else []
    ratio = f"{median(ratios):11.3f} {percent(ratios):>7}" if ratios else " " * 19
    if not judged:
        return [f"{line}  {ratio}".rstrip()]
    return [f"{line}  {ratio}  {str(v.target):<9}{told(v)}" for v in judged]


def percent(values: list[float]) -> str:
    return f"{spread(values):.0f} %" if len(values) > 1 else ""


def told(verdict: Verdict) -> str:
    if verdict.word == "noisy":
        rounds = f"{verdict.hits} of {len(verdict.values)} rounds reached"
        return f"none: spread of {verdict.spread:.0f} %, {rounds}"
    return verdict.word


def verdict_of(runs: Sequence[Run], targets: Sequence[Target]) -> tuple[str, bool]:
    """What does not reach its target in more than half of the runs, and whether all that
    falls short is explained.

    A noisy run has no verdict. Where it leaves a row in doubt, all rounds of all runs decide
    if so many of them agree that it is no chance; what is in doubt then is listed apart.
    """
    found: dict[tuple[str, str, str], list[Verdict]] = {}
    for run in runs:
        for row in run.rows:
            for verdict in judge(row, list(targets)):
                key = (row.name, verdict.target.figure, str(verdict.target.peer))
                found.setdefault(key, []).append(verdict)
    short, unknown, reached = [], [], 0
    for verdicts in found.values():
        words = [verdict.word for verdict in verdicts]
        rounds = sum(len(verdict.values) for verdict in verdicts)
        hits = sum(verdict.hits for verdict in verdicts)
        if words.count("reached") * 2 > len(words) or more_than_chance(hits, rounds):
            reached += 1
        elif "SHORT" in words or more_than_chance(rounds - hits, rounds):
            short.append(verdicts)
        else:
            unknown.append(verdicts)
    lines = [f"{reached} of {len(found)} rows reach their target, in {len(runs)} runs"]
    if short:
        lines.append(f"\n{len(short)} fall short:")
        for verdicts in sorted(short, key=shortfall):
            lines += listed(verdicts)
    if unknown:
        lines.append(f"\n{len(unknown)} have no verdict, because the runs are noisy:")
        for verdicts in unknown:
            lines += listed(verdicts)
    explained = all(verdicts[0].target.reason for verdicts in short)
    return "\n".join(lines), explained


def shortfall(verdicts: Sequence[Verdict]) -> float:
    """The worst first."""
    worst = []
    for verdict in verdicts:
        quotient = verdict.value / verdict.target.bound
        worst.append(quotient if verdict.target.at_least else 1 / quotient if quotient else 1)
    return min(worst)


def listed(verdicts: Sequence[Verdict]) -> list[str]:
    first = verdicts[0]
    values = ", ".join(
        f"{number(v.value)}{' (noisy)' if v.word == 'noisy' else ''}" for v in verdicts
    )
    beside = "" if first.peer == "-" else f" beside {first.peer}"
    lines = [f"  {first.row.name} {first.target.figure}{beside}: {values} for {first.target}"]
    if first.target.reason:
        lines.append(f"      {first.target.reason}")
    return lines
