"""scripts/bench, once everything is built: measures, prints, saves, draws, judges."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Sequence

import cat_rows
import library_rows
import pictures
import relay_rows
import report
import result_rows
import tee_rows
from lab import GIB, MIB, PATIENCE, QUICK_PATIENCE, Failed, Lab, found, percent_stolen
from lab import scratch_folder, ticks
from model import Row, Run, Target, read_targets

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SAVED = ROOT / "build" / "bench"

AREAS = {
    "cat": cat_rows.rows,
    "tee": tee_rows.rows,
    "relay": relay_rows.rows,
    "library": library_rows.rows,
    "result": result_rows.rows,
}


def line_of(number: int, command: Sequence[str]) -> str:
    """A line of what a program says of its version; nothing when it is not here."""
    if found(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[number] if len(lines) > number else ""


def first_line(*command: str) -> str:
    return line_of(0, command)


def second_line(*command: str) -> str:
    return line_of(1, command)


def header(binaries: Path, work: Path, quick: bool, rounds: int, size: int) -> dict[str, str]:
    """The machine, the versions, the commit: what a figure means nothing without."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // GIB
    commit = first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty") or "unknown"
    theirs = [
        first_line("cat", "--version"),
        second_line("socat", "-V").split(" on ")[0],
        first_line("haproxy", "-v").split("-1")[0],
        first_line("nginx", "-v"),
        first_line("go", "version"),
    ]
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} x {model}, {memory} GiB, Linux {platform.release()}",
        "files": f"in the page cache of {cat_rows.file_system(work)}, and of tmpfs",
        "size": f"{size // MIB} MiB a large run, less over sockets, {rounds} rounds{' (--quick)' if quick else ''}",
        "ours": f"{first_line(str(binaries / 'zc-cat'), '--version')}, commit {commit}",
        "theirs": "; ".join(word for word in theirs if word),
    }


def words_of(arguments: list[str]) -> argparse.Namespace:
    # What they mean is said by scripts/bench --help.
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False)
    parser.add_argument("areas", nargs="*", metavar="AREA")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--verdict", action="store_true")
    parser.add_argument(
        "--from", dest="saved", metavar="FILE", type=Path, action="append", default=[]
    )
    words = parser.parse_args(arguments)
    for area in words.areas:
        if area not in AREAS and area != "all":
            parser.error(f"there is no {area!r}; there are {', '.join(AREAS)} and all")
    return words


def prepare() -> tuple[Path, Path]:
    """Installs and builds what is missing. Returns the folders of the programs."""
    groups = ["build", "test", "run", "bench"]
    subprocess.run([ROOT / "scripts/deps", *groups], check=True)
    build = ROOT / "build/release"
    if "ZC_BIN" not in os.environ or "ZC_BENCH" not in os.environ:
        quiet = {"cwd": ROOT, "check": True, "stdin": subprocess.DEVNULL, "stdout": sys.stderr}
        subprocess.run(["cmake", "--preset", "release"], **quiet)  # type: ignore[call-overload]
        build_bench = ["cmake", "--build", "--preset", "release", "--target", "bench"]
        subprocess.run(build_bench, **quiet)  # type: ignore[call-overload]
    return (
        Path(os.environ.get("ZC_BIN", build / "tools")),
        Path(os.environ.get("ZC_BENCH", build / "tests/bench")),
    )


def show_header(run: Run) -> None:
    for name, value in run.header.items():
        print(f"{name:<9} {value}")
    print(f"\n{report.heading()}")


def measure(areas: list[str], quick: bool, targets: list[Target]) -> Run:
    binaries, tools = prepare()
    size, rounds = (GIB // 8, 3) if quick else (GIB, 5)
    patience = QUICK_PATIENCE if quick else PATIENCE

    def show(row: Row) -> None:
        print(report.table(row, targets), flush=True)

    with scratch_folder() as work:
        run = Run(header(binaries, work, quick, rounds, size))
        show_header(run)
        before = ticks()
        lab = Lab(binaries, tools, work, size, rounds, quick, run, targets, show, patience)
        for area in areas:
            began = time.monotonic()
            AREAS[area](lab)
            print(f"{area}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        run.header["stolen"] = f"{percent_stolen(before, ticks()):.1f} % of the processors"
        print(f"\n{'stolen':<9} {run.header['stolen']}")
    return run


def keep(run: Run, areas: list[str], quick: bool) -> Path:
    """Saves a run as JSON lines, with pictures; the last three of a kind stay."""
    SAVED.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    kind = "all" if areas == list(AREAS) else "-".join(areas)
    kind += ".quick" if quick else ""
    path = SAVED / f"{kind}.{stamp}.jsonl"
    run.save(path)
    for old in sorted(SAVED.glob(f"{kind}.2*.jsonl"))[:-3]:
        old.unlink()
    pictures.draw(run, SAVED)
    print(f"\nsaved as {path.relative_to(ROOT)}, with pictures beside it")
    return path


def whole_runs() -> list[Path]:
    return sorted(SAVED.glob("all.2*.jsonl"))[-3:]


def main() -> int:
    words = words_of(sys.argv[1:])
    areas = list(AREAS) if not words.areas or "all" in words.areas else words.areas
    targets = read_targets(HERE / "targets")
    paths: list[Path] = words.saved
    for path in paths:
        run = Run.load(path)
        show_header(run)
        for row in run.rows:
            print(report.table(row, targets))
        pictures.draw(run, path.parent)
    if not paths and words.verdict and not words.areas and not words.quick:
        paths = whole_runs()
    if not paths:
        paths = [keep(measure(areas, words.quick, targets), areas, words.quick)]
    text, explained = report.verdict_of([Run.load(path) for path in paths], targets)
    print(text if words.verdict else text.splitlines()[0])
    return 1 if words.verdict and not explained else 0


def leave(_signal: int, _frame: object) -> None:
    """As any other way out: what was started is ended, what was mounted is unmounted."""
    sys.exit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    try:
        sys.exit(main())
    except (Failed, OSError, ValueError, subprocess.CalledProcessError) as failed:
        print(f"scripts/bench: {failed}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
