"""libzc's transfer() and Pipe::tee(), beside read and write, and beside Go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

from flow import BY_WRITING
from lab import KIB, Crew, Lab, peer, wait_listening, warm
from model import Sample
from relay_rows import Place, size_by_chunk

GO_PATH = Path("/usr/share/gocode")


def go_program(lab: Lab) -> str | None:
    """The Go side, if there is a Go; its module is in Debian's place for sources."""
    if peer("go") is None or not (GO_PATH / "src/golang.org/x/sys").is_dir():
        print("Go is left out: no Go, or no golang.org/x/sys", file=sys.stderr)
        return None
    program = lab.place("copy-go")
    source = Path(__file__).resolve().parents[2] / "tests/bench"
    settings = {
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOFLAGS": "-buildvcs=false",
        "GOCACHE": str(source.parents[1] / "build/bench/go"),
    }
    subprocess.run(
        ["go", "build", "-o", program, "copy.go"], cwd=source, check=True, env=os.environ | settings
    )
    return str(program)


def moved(lab: Lab, program: list[str], kinds: tuple[str, str], chunk: int, size: int) -> Sample:
    """One transfer from who connects to us to whom we connect to."""
    near, far = Place(lab, kinds[0], "near"), Place(lab, kinds[1], "far")
    door = f"TCP-LISTEN:{near.name},reuseaddr" if near.kind == "tcp" else f"UNIX-LISTEN:{near.name}"
    with Crew() as crew:
        sink = crew.start_ready(lab.sink(size, "--drop", *far.option()))
        run = crew.start(lab.measured([*program, door, far.to_connect()]))
        wait_listening(near.kind, near.name, run)
        feed = [*BY_WRITING, "--chunk", str(chunk), *near.option()]
        for process in (crew.start(lab.source(size, *feed)), run, sink):
            crew.expect_success(process)
    return lab.sample(size, lab.sink_seconds(), lab.wall_and_cpu()[1])


def chunk_rows(lab: Lab, go: str | None) -> None:
    """The seed's table: four pairs of sockets, eleven sizes of write."""
    transfer = str(lab.tool / "transfer")
    programs = {"transfer()": [transfer], "read/write": [transfer, "--never"]}
    if go is not None:
        programs["go"] = [go]
    chunks = [1 << n for n in range(11)] if not lab.quick else [8, 128]
    for pair in ("tcp-tcp", "tcp-unix", "unix-tcp", "unix-unix"):
        kinds = (pair.split("-")[0], pair.split("-")[1])
        for chunk in chunks:
            size = size_by_chunk(lab, chunk)

            def run(
                program: list[str],
                kinds: tuple[str, str] = kinds,
                chunk: int = chunk,
                size: int = size,
            ) -> Callable[[], Sample]:
                return lambda: moved(lab, program, kinds, chunk * KIB, size)

            who = {name: run(program) for name, program in programs.items()}
            # It splices TCP alone: every other size shows as much.
            if go is not None and chunk in (1, 4, 16, 64, 256, 1024):
                who["go io.Copy"] = run([go, "-io"])
            lab.row(
                f"library/{pair}@{chunk}KiB",
                f"transfer(): {pair.replace('-', ' -> ')}, {chunk} KiB writes",
                who,
            )


def tee_rows(lab: Lab) -> None:
    copy = lab.place("copy")
    chains = [1, 2, 4, 8] if not lab.quick else [1, 4]
    tries = [(f"tee-chain@{n}", f"a chain of {n}, 64 KiB", ["--links", str(n)]) for n in chains] + [
        ("tee-file", "a pipe and a file, 64 KiB", ["--file", str(copy)])
    ]
    for name, title, words in tries:

        def run(more: list[str], words: list[str] = words) -> Callable[[], Sample]:
            command = [str(lab.tool / "tees"), "--bytes", str(lab.bytes), *words, *more]

            def timed() -> Sample:
                done = subprocess.run(
                    lab.measured(command), check=True, capture_output=True, text=True
                )
                seconds = float(done.stdout.split()[1])
                return lab.sample(lab.bytes, seconds, lab.wall_and_cpu()[1])

            return (lambda: warm(timed)) if "--file" in words else timed

        lab.row(
            f"library/{name}",
            f"Pipe::tee(): {title}",
            {"tee()": run([]), "read/write": run(["--copy"])},
        )
        copy.unlink(missing_ok=True)


def rows(lab: Lab) -> None:
    go = go_program(lab)
    tee_rows(lab)
    chunk_rows(lab, go)
