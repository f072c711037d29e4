"""zc-tee beside tee, with sinks that are pipes, files, both, slow or full."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

from cat_rows import file_system
from flow import BY_DROPPING, BY_VMSPLICE, ENDS, PROGRAM, digest_of_output
from lab import MIB, Crew, Failed, Lab, digest_of, digest_of_file, newer, on_processor
from lab import peer, size_name, warm
from model import Sample

TEE = "/usr/bin/tee"
SLOW = ("--chunk", "65536", "--pause", "200")
Program = Sequence[str]


@dataclass(frozen=True)
class Tee:
    """Sinks besides standard output: null, pipe, slow (a pipe), or the folder of a file."""

    name: str
    title: str
    sinks: Sequence[str | Path]
    source: Sequence[str] = BY_VMSPLICE
    taker: Sequence[str] = BY_DROPPING
    # Ends that copy cost as much as the program, and one processor is too little for both.
    apart: bool = True

    @property
    def files(self) -> int:
        return sum(isinstance(sink, Path) for sink in self.sinks)


def start_taker(lab: Lab, crew: Crew, fifo: Path, size: int, how: Sequence[str]) -> None:
    """Somebody who reads a FIFO, as soon as somebody writes it."""
    if not fifo.exists():
        os.mkfifo(fifo)
    taker = lab.sink(size, *how, report=fifo.name + ".sink")
    redirect = ["sh", "-c", 'exec "$@" <"$0"', str(fifo)]
    crew.start([*on_processor(ENDS), *redirect, *taker])


def open_sinks(lab: Lab, crew: Crew, tee: Tee, size: int) -> list[str]:
    """Paths of the sinks; a pipe gets somebody who takes from it."""
    paths = []
    for i, sink in enumerate(tee.sinks):
        if isinstance(sink, Path):
            path = sink / f"copy{i}"
            path.unlink(missing_ok=True)
        elif sink == "null":
            path = Path(os.devnull)
        else:
            path = lab.place(f"fifo{i}")
            start_taker(lab, crew, path, size, SLOW if sink == "slow" else BY_DROPPING)
        paths.append(str(path))
    return paths


def once(lab: Lab, program: Program, tee: Tee, size: int) -> Sample:
    ends, middle = (on_processor(ENDS), PROGRAM) if tee.apart else ([], None)
    with Crew() as crew:
        sinks = open_sinks(lab, crew, tee, size)
        stdin, feed = os.pipe()
        take, stdout = os.pipe()
        crew.start_ready([*ends, *lab.source(size, *tee.source)], stdout=feed)
        crew.start([*ends, *lab.sink(size, *tee.taker)], stdin=take)
        crew.start(lab.measured([*program, *sinks], middle), stdin=stdin, stdout=stdout)
        for end in (stdin, feed, take, stdout):
            os.close(end)
        crew.expect_all()
    for path in map(Path, sinks):
        if path.is_file() and path.stat().st_size != size:
            raise Failed(f"{program[0]}: {path.stat().st_size} bytes came, not {size}")
    sample = lab.sample(size, lab.sink_seconds(), lab.wall_and_cpu()[1])
    return sample | {"cpu per sink": sample["cpu"] / (len(tee.sinks) + 1)}


def run_of(lab: Lab, program: Program, tee: Tee, size: int) -> Callable[[], Sample]:
    def run() -> Sample:
        return once(lab, program, tee, size)

    return (lambda: warm(run)) if tee.files else run


def check(lab: Lab, program: Program) -> None:
    """Every byte in both files and on standard output, outside of what is timed."""
    size = 24 * MIB + 4321
    source = lab.source(size, "--memory", str(size), "--vmsplice")
    copies = [lab.place("copy0"), lab.place("copy1")]
    with Crew() as crew:
        stdin, feed = os.pipe()
        take, stdout = os.pipe()
        crew.start(source, stdout=feed)
        crew.start([*program, *map(str, copies)], stdin=stdin, stdout=stdout)
        for end in (stdin, feed, stdout):
            os.close(end)
        digests = {digest_of(take), digest_of_output(source)}
        os.close(take)
        crew.expect_all()
    digests |= {digest_of_file(copy) for copy in copies}
    if len(digests) != 1:
        raise Failed(f"{program[0]}: other bytes came than were sent")


def tees(lab: Lab) -> list[Tee]:
    shm = lab.place("shm")
    disk_name = file_system(lab.work)
    counts = [1, 2, 4, 8] if not lab.quick else [1, 4]
    plain = Tee(
        "null-64KiB",
        "/dev/null, 64 KiB pipes, write and read",
        ["null"],
        source=("--chunk", "65536"),
        taker=("--chunk", "262144"),
        apart=False,
    )
    all_of_them = [
        plain,
        *[Tee(f"pipes@{n}", f"{n} pipes more", ["pipe"] * n) for n in counts],
        *[Tee(f"files@{n}", f"{n} files on tmpfs, and a pipe", [shm] * n) for n in counts],
        Tee("file-disk", f"a file on {disk_name}, and a pipe", [lab.work]),
        Tee("mixed@8", "4 pipes and 4 files on tmpfs", ["pipe"] * 4 + [shm] * 4),
    ]
    return all_of_them if not lab.quick else all_of_them[:-2]


def rows_of_sinks(lab: Lab) -> None:
    programs: dict[str, Program] = {"zc-tee": [lab.ours("zc-tee")], "tee": [TEE]}
    programs |= {name: [program] for name, program in newer("ZC_BENCH_TEE").items()}
    # It takes a minute for many sinks, and has shown how fast it is with one.
    few_sinks = dict(programs)
    if not lab.quick and peer("busybox"):
        few_sinks["busybox"] = ["busybox", "tee"]
    for program in few_sinks.values():
        check(lab, program)
    floor: dict[str, Program] = {"plain tee": [str(lab.tool / "plain"), "tee"]}

    null = Tee("null", "/dev/null, 1 MiB pipes, vmsplice and splice", ["null"])
    sizes = [16 * MIB, 128 * MIB, lab.bytes] if not lab.quick else [lab.bytes]
    for size in sizes:
        lab.row(
            f"tee/null@{size_name(size)}",
            f"tee: {null.title}, {size_name(size)}",
            {who: run_of(lab, what, null, size) for who, what in (few_sinks | floor).items()},
        )
    for tee in tees(lab):
        size = lab.bytes // 2 // max(1, tee.files)  # as much to write, however many files
        who = few_sinks if len(tee.sinks) == 1 else programs
        lab.row(
            f"tee/{tee.name}",
            f"tee: {tee.title}",
            {name: run_of(lab, what, tee, size) for name, what in who.items()},
        )
    slow = Tee("slow-sink", "one pipe whose reader pauses, 4 MiB", ["slow"])
    few = {who: programs[who] for who in list(programs)[:2]}
    lab.row(
        "tee/slow-sink",
        f"tee: {slow.title}",
        {who: run_of(lab, what, slow, 4 * MIB) for who, what in few.items()},
    )


def bytes_row(lab: Lab) -> None:
    """Single bytes, each waited for at both outputs."""
    count = 4_000 if lab.quick else 10_000
    fifo = lab.place("fifo0")
    if not fifo.exists():
        os.mkfifo(fifo)

    def run(program: str) -> Callable[[], Sample]:
        def timed() -> Sample:
            command = [str(lab.tool / "pingpong"), str(lab.place("cpu")), str(count)]
            with Crew() as crew:
                # uutils 0.0.17 keeps a byte until there is more, and would wait for ever.
                run = crew.start([*command, str(fifo), program, str(fifo)])
                crew.expect_success(run, longest=10)
            return {"trip": lab.wall_and_cpu()[0] * 1e6 / count}

        return timed

    programs = {"zc-tee": lab.ours("zc-tee"), "tee": TEE} | newer("ZC_BENCH_TEE")
    lab.row(
        "tee/bytes",
        "tee: single bytes to two pipes",
        {who: run(program) for who, program in programs.items()},
        rounds=3 * lab.rounds,
    )


def full_sink_row(lab: Lab) -> None:
    """The CPU milliseconds of the seconds in which a sink takes nothing."""
    seconds = 3 if lab.quick else 10
    fifo = lab.place("fifo0")
    hold = os.open(fifo, os.O_RDWR)
    with Crew() as crew, open("/dev/zero", "rb") as zeros:
        tee = crew.start([lab.ours("zc-tee"), str(fifo)], stdin=zeros.fileno())
        time.sleep(1)
        before = lab.processor_time(tee.pid)
        time.sleep(seconds)
        spent = lab.processor_time(tee.pid) - before
    os.close(hold)
    lab.single(
        "tee/full-sink",
        "tee: CPU of 10 s with a sink that is full",
        "zc-tee",
        {"cpu time": spent * 1000 * 10 / seconds},
    )


def rows(lab: Lab) -> None:
    rows_of_sinks(lab)
    bytes_row(lab)
    full_sink_row(lab)
