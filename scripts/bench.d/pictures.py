"""The saved run as pictures: what moved how fast, and what it took, by size and by peer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable

from lab import found
from model import Row, Run, median

Points = list[tuple[float, float]]
OURS = "#1b6ca8"
COLOURS = "#d1495b #66a182 #edae49 #8d5b9e #c97b63 #2e4057 #3fb0ac #b5651d".split()
FLOORS = "#9a9a9a #555555 #c4c4c4 #777777".split()
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass
class Panel:
    """One diagram: lines over numbers, or bars over names."""

    title: str
    y_label: str
    x_label: str = ""
    lines: dict[str, Points] = field(default_factory=dict)
    bars: dict[str, dict[str, float]] = field(default_factory=dict)  # by contestant, by name
    scale: str = ""


def abscissa(name: str) -> float:
    """The number behind the @ of a row's name: bytes, sinks, streams."""
    text = name.split("@")[1]
    for unit, factor in reversed(UNITS.items()):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)


def lines_of(rows: Iterable[Row], figure: str) -> dict[str, Points]:
    """A line for each contestant that is in at least two rows."""
    lines: dict[str, Points] = {}
    for row in rows:
        for name, figures in row.values.items():
            if figure in figures:
                lines.setdefault(name, []).append((abscissa(row.name), median(figures[figure])))
    return {name: sorted(points) for name, points in lines.items() if len(points) > 1}


def matching(run: Run, start: str) -> list[Row]:
    return [row for row in run.rows if row.name.startswith(start + "@")]


# --- what there is to see


def cat_peers(run: Run) -> list[Panel]:
    panels = []
    for figure, label, scale in (
        ("rate", "GiB/s, more is better", "set logscale y 10"),
        ("cpu", "CPU s/GiB, less is better", "set logscale y 10"),
    ):
        panel = Panel("zc-cat and its peers, the largest size", label, scale=scale)
        for row in largest(run, "cat/"):
            flow = row.name.split("/")[1].split("@")[0]
            for name, figures in row.values.items():
                if figure in figures and not name.startswith("--"):
                    panel.bars.setdefault(name, {})[flow] = median(figures[figure])
        panels.append(panel)
    return panels


def largest(run: Run, start: str) -> list[Row]:
    """Of every flow the row with the most bytes."""
    best: dict[str, Row] = {}
    for row in run.rows:
        if not row.name.startswith(start) or "@" not in row.name or "rate" not in row.figures():
            continue
        flow = row.name.split("@")[0]
        if flow not in best or abscissa(row.name) > abscissa(best[flow].name):
            best[flow] = row
    return list(best.values())


def sizes(run: Run, start: str, title: str) -> list[Panel]:
    rows = matching(run, start)
    bytes_ = "bytes in all"
    return [
        Panel(title, "GiB/s", bytes_, lines_of(rows, "rate"), scale="set logscale x 2"),
        Panel(title, "CPU s/GiB", bytes_, lines_of(rows, "cpu"), scale="set logscale x 2"),
        Panel(
            title + ", whole process",
            "microseconds",
            bytes_,
            lines_of(rows, "wall"),
            scale="set logscale x 2; set logscale y 10",
        ),
    ]


def cat_sizes(run: Run) -> list[Panel]:
    return sizes(run, "cat/file-pipe-drop", "zc-cat, file -> pipe") + sizes(
        run, "cat/pipe-pipe", "zc-cat, pipe -> pipe"
    )


def tee(run: Run) -> list[Panel]:
    panels = []
    for start, title in (("tee/pipes", "pipes"), ("tee/files", "files on tmpfs")):
        rows = matching(run, start)
        more = f"{title} besides standard output"
        panels += [
            Panel(f"zc-tee, {title}", "GiB/s", more, lines_of(rows, "rate")),
            Panel(f"zc-tee, {title}", "CPU s/GiB and sink", more, lines_of(rows, "cpu per sink")),
        ]
    return panels


def by_chunk(run: Run, area: str, title: str, pair: str, figure: str) -> Panel:
    rows = matching(run, f"{area}/{pair}")
    title = f"{title}, {pair.replace('-', ' -> ')}"
    label = "GiB/s" if figure == "rate" else "CPU s/GiB"
    return Panel(title, label, "bytes a write", lines_of(rows, figure), scale="set logscale x 2")


def relay(run: Run) -> list[Panel]:
    panels = []
    for figure, label in (("rate", "GiB/s"), ("cpu", "CPU s/GiB")):
        panels += [
            by_chunk(run, "relay", "zc-relay", pair, figure) for pair in ("tcp-tcp", "unix-unix")
        ]
        panels.append(
            Panel(
                "zc-relay, TCP -> TCP",
                label,
                "streams at once",
                lines_of(matching(run, "relay/streams"), figure),
                scale="set logscale x 10",
            )
        )
    return panels


def library(run: Run) -> list[Panel]:
    return [
        by_chunk(run, "library", "transfer()", pair, figure)
        for figure in ("rate", "cpu")
        for pair in ("tcp-tcp", "tcp-unix", "unix-tcp", "unix-unix")
    ]


# A file, its panels, and how many of them stand beside one another.
PICTURES: list[tuple[str, Callable[[Run], list[Panel]], int]] = [
    ("cat-peers", cat_peers, 1),
    ("cat-sizes", cat_sizes, 3),
    ("tee", tee, 2),
    ("relay", relay, 3),
    ("library", library, 4),
]


# --- gnuplot


def is_floor(name: str) -> bool:
    return name.startswith(("plain", "no program", "--", "read/write"))


def colours(names: Iterable[str]) -> dict[str, str]:
    """Ours first; a floor, which nobody would type, is grey."""
    shown: dict[str, str] = {}
    peers, floors = iter(COLOURS), iter(FLOORS)
    for name in names:
        shown[name] = next(floors) if is_floor(name) else next(peers) if shown else OURS
    return shown


def script_of(panel: Panel, number: int) -> str:
    lines = [
        "unset logscale; unset label; set xtics auto; set yrange [*:*]",
        f"set title {panel.title!r}; set ylabel {panel.y_label!r}; "
        f"set xlabel {panel.x_label!r} offset 0,0.6",
        panel.scale,
    ]
    if "logscale y" not in panel.scale:
        lines.append("set yrange [0:*]")
    if "logscale x 2" in panel.scale:
        # 2 to the power of 30 is beyond the end of gnuplot's axis, if only by a rounding.
        ticks = ", ".join(f"'{size}' {min(bytes_of(size), (1 << 30) - 1)}" for size in TICKS)
        lines.append(f"set xtics ({ticks})")
    return "\n".join(lines + (bars(panel, number) if panel.bars else curves(panel, number)))


TICKS = ["64B", "1KiB", "4KiB", "16KiB", "64KiB", "256KiB", "1MiB", "16MiB", "128MiB", "1GiB"]


def bytes_of(size: str) -> int:
    return int(abscissa("@" + size))


def curves(panel: Panel, number: int) -> list[str]:
    data, plots = [], []
    colour_of = colours(panel.lines)
    for i, (name, points) in enumerate(panel.lines.items()):
        data.append(f"$p{number}_{i} << EOD")
        data += [f"{x} {y}" for x, y in points]
        data.append("EOD")
        dashes = " dt 2" if is_floor(name) else ""
        style = f"linespoints lc rgb '{colour_of[name]}' lw 2{dashes} pt 7 ps 0.5"
        plots.append(f"$p{number}_{i} using 1:2 with {style} title '{name}'")
    return [*data, "set style fill solid", "plot " + ", ".join(plots)]


def bars(panel: Panel, number: int) -> list[str]:
    names = list(dict.fromkeys(name for values in panel.bars.values() for name in values))
    data = [f"$p{number} << EOD"]
    for name in names:
        row = [str(values.get(name, "NaN")) for values in panel.bars.values()]
        data.append(" ".join([name, *row]))
    data.append("EOD")
    colour_of = colours(panel.bars)
    plots = [
        f"$p{number} using {i + 2}:xtic(1) lc rgb '{colour_of[who]}' title '{who}'"
        for i, who in enumerate(panel.bars)
    ]
    style = "set style data histogram; set style histogram clustered gap 1; set style fill solid"
    return [*data, style, "set xtics auto", "plot " + ", ".join(plots)]


def draw(run: Run, folder: Path) -> None:
    """Writes the pictures of what the run has, if there is a gnuplot."""
    if found("gnuplot") is None:
        print("no pictures: there is no gnuplot", file=sys.stderr)
        return
    for name, panels_of, columns in PICTURES:
        panels = [panel for panel in panels_of(run) if panel.lines or panel.bars]
        if not panels:
            continue
        columns = min(columns, len(panels))
        lines = (len(panels) + columns - 1) // columns
        width = 1100 if columns == 1 else 360 * columns
        height = (380 if columns == 1 else 300) * lines
        few = f"maxcols {3 if columns < 4 else 2} width {-2 if columns > 2 else 0}"
        text = [
            f"set terminal svg size {width},{height} noenhanced font 'sans-serif,11' "
            "background '#ffffff'",
            f"set output {str(folder / (name + '.svg'))!r}",
            "set grid ytics lc rgb '#dddddd'; set border 3; set xtics nomirror; set ytics nomirror",
            f"set key outside below horizontal font ',9' samplen 1.5 {few if columns > 1 else ''}",
            "set rmargin 3",
            f"set multiplot layout {lines},{columns} title "
            f"{run.header['date'] + ', ' + run.header['machine']!r} font ',10'",
            *[script_of(panel, i) for i, panel in enumerate(panels)],
            "unset multiplot",
        ]
        subprocess.run(["gnuplot"], input="\n".join(text), text=True, check=True)
