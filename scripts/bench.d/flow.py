"""One program between two ends: a file, a pipe or a TCP connection on either side.

Every end is a descriptor that the program inherits, so that each program is measured at
what its users give it: standard input, standard output, a FILE operand.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Sequence

from lab import GIB, MIB, Crew, Failed, Lab, digest_of, digest_of_file, on_processor, tcp_pair
from lab import warm
from model import Sample

# Where the program runs, and where those run that feed it and take from it.
PROGRAM, ENDS = 0, 1

# The ends do as little as they can, or they would be what is measured.
BY_VMSPLICE = ("--vmsplice", "--chunk", "262144", "--pipe", "1048576")
# From memory that stays in the cache: over a socket it is copied in any case.
BY_WRITING = ("--memory", "2097152", "--chunk", "131072")
BY_DROPPING = ("--drop", "--chunk", "1048576", "--pipe", "1048576")


@dataclass(frozen=True)
class Flow:
    """`source` is file, pipe, tcp or null; `sink` is drop (a pipe whose reader looks at nothing),
    read (a pipe read 128 KiB at a time), file, tcp or null."""

    name: str
    title: str
    source: str
    sink: str
    folder: Path

    @property
    def copy(self) -> Path:
        return self.folder / "copy"


# What to type for a flow; None where the program cannot do it.
Command = Callable[[Flow, Path | None], Sequence[str] | None]


def words(*command: str) -> Command:
    """A program that takes a FILE, or standard input when there is none."""
    return lambda flow, file: [*command, *([str(file)] if file else [])]


@dataclass
class Flows:
    lab: Lab
    _digests: dict[tuple[str, int], str] = field(default_factory=dict)

    def file(self, folder: Path, size: int) -> Path:
        """A file of that size, made by the source, in the page cache."""
        path = folder / f"file-{size}"
        if not path.exists():
            with Crew() as crew, path.open("wb") as file:
                crew.expect_success(crew.start(self.lab.source(size), stdout=file.fileno()))
        return path

    def _source_words(self, kind: str, size: int) -> list[str]:
        if kind == "tcp":
            return self.lab.source(size, *BY_WRITING)
        memory = min(max(size, 4096), 256 * MIB)
        return self.lab.source(size, "--memory", str(memory), *BY_VMSPLICE)

    def _open_source(self, flow: Flow, size: int, crew: Crew, ends: ExitStack) -> int:
        if flow.source in ("file", "null"):
            null = os.open(os.devnull, os.O_RDONLY)
            ends.callback(os.close, null)
            return null
        reader, writer = pair_of(flow.source)
        ends.callback(os.close, reader)
        command = [*on_processor(ENDS), *self._source_words(flow.source, size)]
        crew.start_ready(command, stdout=writer)
        os.close(writer)
        return reader

    def _open_sink(
        self, flow: Flow, size: int, crew: Crew | None, ends: ExitStack
    ) -> tuple[int, int]:
        """The program's standard output; without a crew also the end that can be read."""
        if flow.sink in ("file", "null"):
            path = flow.copy if flow.sink == "file" else Path(os.devnull)
            if flow.sink == "file":
                path.unlink(missing_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            ends.callback(os.close, file)
            return file, -1
        reader, writer = pair_of("tcp" if flow.sink == "tcp" else "pipe")
        ends.callback(os.close, writer)
        if crew is None:
            ends.callback(os.close, reader)
            return writer, reader
        how = {"read": ("--chunk", "131072"), "tcp": ("--drop",)}.get(flow.sink, BY_DROPPING)
        self._taker = crew.start([*on_processor(ENDS), *self.lab.sink(size, *how)], stdin=reader)
        os.close(reader)
        return writer, -1

    def once(self, flow: Flow, program: Command, size: int) -> tuple[float, float]:
        """Seconds and CPU seconds of the program. The seconds are those from the sink's first
        byte to its last one; where nobody else sees them come, those of the program."""
        file = self.file(flow.folder, size) if flow.source == "file" else None
        command = program(flow, file)
        assert command is not None
        has_taker = flow.sink not in ("file", "null")
        with Crew() as crew:
            with ExitStack() as ends:
                stdin = self._open_source(flow, size, crew, ends)
                stdout, _ = self._open_sink(flow, size, crew, ends)
                run = crew.start(
                    self.lab.measured(command, PROGRAM),
                    stdin=stdin,
                    stdout=stdout,
                    stderr=ends.enter_context(self.lab.place("stderr").open("wb")).fileno(),
                )
            crew.expect_success(run)
            if has_taker:
                crew.expect_success(self._taker)
        wall, cpu = self.lab.wall_and_cpu()
        if flow.sink == "file" and flow.copy.stat().st_size != size:
            raise Failed(f"{command[0]}: {flow.copy.stat().st_size} bytes came, not {size}")
        return (self.lab.sink_seconds() if has_taker else wall), cpu

    def large(self, flow: Flow, program: Command, size: int) -> Sample:
        def run() -> Sample:
            return self.lab.sample(size, *self.once(flow, program, size))

        return warm(run) if flow.sink == "file" else run()

    def nothing(self, flow: Flow, size: int) -> Sample:
        """What the ends of a pipe reach with no program between them."""
        with Crew() as crew, ExitStack() as ends:
            stdin = self._open_source(flow, size, crew, ends)
            command = [*on_processor(PROGRAM), *self.lab.sink(size, *BY_DROPPING)]
            taker = crew.start(command, stdin=stdin)
            ends.close()
            crew.expect_success(taker)
        return {"rate": size / self.lab.sink_seconds() / GIB}

    def small(self, flow: Flow, program: Command, size: int) -> Sample:
        """Microseconds of the whole program."""
        self.once(flow, program, size)
        return {"wall": self.lab.wall_and_cpu()[0] * 1e6}

    def check(self, flow: Flow, program: Command) -> None:
        """Every byte, once, outside of what is timed."""
        size = 24 * MIB + 4321
        file = self.file(flow.folder, size) if flow.source == "file" else None
        command = program(flow, file)
        assert command is not None
        with Crew() as crew, ExitStack() as all_ends:
            with ExitStack() as ends:
                stdin = self._open_source(flow, size, crew, ends)
                stdout, reader = self._open_sink(flow, size, None, ends)
                run = crew.start(command, stdin=stdin, stdout=stdout)
                if reader >= 0:
                    kept = os.dup(reader)
                    all_ends.callback(os.close, kept)
            came = digest_of(kept) if reader >= 0 else ""
            crew.expect_success(run)
            if flow.sink == "file":
                came = digest_of_file(flow.copy)
        if came != self._expected(flow, size, file):
            raise Failed(f"{flow.name}: {' '.join(command)}: other bytes came than were sent")

    def _expected(self, flow: Flow, size: int, file: Path | None) -> str:
        if file is not None:
            return digest_of_file(file)
        key = (flow.source, size)
        if key not in self._digests:
            self._digests[key] = digest_of_output(self._source_words(flow.source, size))
        return self._digests[key]


def digest_of_output(command: Sequence[str]) -> str:
    reader, writer = os.pipe()
    with Crew() as crew:
        crew.start(command, stdout=writer)
        os.close(writer)
        digest = digest_of(reader)
    os.close(reader)
    return digest


def pair_of(kind: str) -> tuple[int, int]:
    """Who reads, who writes."""
    if kind == "pipe":
        return os.pipe()
    writer, reader = tcp_pair()
    return reader.detach(), writer.detach()
