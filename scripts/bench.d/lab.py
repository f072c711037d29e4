"""Where things are measured: programs, pipelines, and what one run of them took."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Callable, Iterator, Sequence

from model import Row, Run, Sample, Target, judged_peers

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

# Seconds: no run takes so many; and who takes so many is not asked again.
LONGEST = 60
TOO_SLOW = 0.5

# A run during which a virtual machine's host kept more than so many percent of the processors
# for others is made again, for so many seconds in all: file -> pipe 25.7 GiB/s, else 18.2.
CALM = 3.0
PATIENCE, QUICK_PATIENCE = 60.0, 20.0


def size_name(size: int) -> str:
    for unit, bytes_ in (("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if size >= bytes_:
            return f"{size // bytes_}{unit}"
    return f"{size}B"


def ticks() -> tuple[int, int]:
    """What the host has kept for others since this machine was started, and all there were."""
    counts = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return counts[7], sum(counts)


def percent_stolen(before: tuple[int, int], after: tuple[int, int]) -> float:
    return 100 * (after[0] - before[0]) / max(1, after[1] - before[1])


def warm(run: Callable[[], Sample]) -> Sample:
    """The second of two runs at once. Memory that nobody has used for some seconds is the
    host's on many virtual machines, and whoever writes a file first pays for it: a file on
    tmpfs 4.7 CPU s/GiB the first time, 0.6 the second."""
    run()
    return run()


class Failed(Exception):
    """A run that did not do its work; the row it belongs to is not to be believed."""


class Crew:
    """The processes of one run. Whoever is left at its end is ended."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            process.wait()

    def start(
        self,
        command: Sequence[str],
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=pass_fds
        )
        self._processes.append(process)
        return process

    def start_ready(
        self,
        command: Sequence[str],
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Starts one of the measuring programs, and waits until it says --ready."""
        ready, tell = os.pipe()
        try:
            process = self.start(
                [*command, "--ready", str(tell)], stdin=stdin, stdout=stdout, pass_fds=(tell,)
            )
            os.close(tell)
            tell = -1
            if not os.read(ready, 1):
                raise Failed(f"{' '.join(command)}: not ready")
        finally:
            os.close(ready)
            if tell >= 0:
                os.close(tell)
        return process

    def expect_all(self) -> None:
        for process in self._processes:
            self.expect_success(process)

    def expect_success(self, process: subprocess.Popen[bytes], longest: int = LONGEST) -> None:
        try:
            status = process.wait(longest)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"no end after {longest} s") from late
        if status != 0:
            raise Failed(f"{process.args!r}: status {status}")


@dataclass
class Lab:
    """The place, the programs and the sizes of one run of scripts/bench."""

    bin: Path  # our programs
    tool: Path  # the measuring programs
    work: Path  # a folder on a disk's file system
    bytes: int  # of a large run
    rounds: int
    quick: bool
    run: Run
    targets: list[Target]
    show: Callable[[Row], None]
    patience: float  # seconds left for runs that are made again

    def ours(self, program: str) -> str:
        return str(self.bin / program)

    def place(self, name: str) -> Path:
        return self.work / name

    # --- what the measuring programs say

    def measured(self, command: Sequence[str], processor: int | None = None) -> list[str]:
        """The command, with its wall time and CPU time written to the file `cpu`."""
        pinned = on_processor(processor) if processor is not None else []
        return [*pinned, str(self.tool / "measure"), str(self.place("cpu")), *command]

    def source(self, size: int, *words: str) -> list[str]:
        return [str(self.tool / "source"), "--bytes", str(size), *words]

    def sink(self, size: int, *words: str, report: str = "sink") -> list[str]:
        return [
            *[str(self.tool / "sink"), "--report", str(self.place(report))],
            *["--expect", str(size), *words],
        ]

    def wall_and_cpu(self) -> tuple[float, float]:
        wall, cpu = self.place("cpu").read_text().split()
        return float(wall), float(cpu)

    def sink_seconds(self) -> float:
        return float(self.place("sink").read_text().split()[1])

    def processor_time(self, process: int) -> float:
        """The CPU seconds so far of a process that goes on, and of the children it had."""
        children = Path(f"/proc/{process}/task/{process}/children")
        for _ in range(400):
            if not children.exists() or not children.read_text().strip():
                break
            time.sleep(0.005)
        text = subprocess.run(
            [self.tool / "cputime", str(process)], check=True, capture_output=True, text=True
        ).stdout
        return float(text)

    def sample(self, size: int, seconds: float, cpu: float) -> Sample:
        return {"rate": size / seconds / GIB, "cpu": cpu * GIB / size}

    # --- rows

    def calmest(self, run: Callable[[], Sample]) -> tuple[Sample, float]:
        """The first calm run of three, or the calmest, and the seconds it took."""
        tries: list[tuple[float, Sample, float]] = []
        while len(tries) < 3:
            began, before = time.monotonic(), ticks()
            sample = run()
            seconds, stolen = time.monotonic() - began, percent_stolen(before, ticks())
            tries.append((stolen, sample, seconds))
            if stolen <= CALM or self.patience < seconds:
                break
            self.patience -= seconds
        _, sample, seconds = min(tries, key=lambda each: each[0])
        return sample, seconds

    def row(
        self,
        name: str,
        title: str,
        contestants: dict[str, Callable[[], Sample]],
        rounds: int | None = None,
    ) -> Row:
        """Measures one row, ours first. Who takes long, and is not what ours is judged
        by, is measured once: nobody needs to know more exactly how much slower it is. A
        peer that fails is left out, with a line that says why."""
        row = Row(name, title)
        ours = next(iter(contestants))
        named = judged_peers(name, self.targets)
        judged = set(contestants) if "best" in named else named | {ours}
        waiting = dict(contestants)
        for _ in range(rounds or self.rounds):
            for contestant, run in list(waiting.items()):
                try:
                    sample, seconds = self.calmest(run)
                    row.add(contestant, sample)
                except Failed as failed:
                    if contestant == ours:
                        raise Failed(f"{name}: {contestant}: {failed}") from failed
                    print(f"{name}: {contestant} is left out: {failed}", file=sys.stderr)
                    row.values.pop(contestant, None)
                    del waiting[contestant]
                    continue
                if seconds > TOO_SLOW and contestant not in judged:
                    del waiting[contestant]
        self.run.rows.append(row)
        self.show(row)
        return row

    def single(self, name: str, title: str, who: str, sample: Sample) -> None:
        """A row that is measured once: it counts, or it waits for seconds."""
        row = Row(name, title)
        row.add(who, sample)
        self.run.rows.append(row)
        self.show(row)


def on_processor(number: int) -> list[str]:
    """Where the scheduler puts two programs that wake each other is worth more than the
    difference between two of them."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        return []
    return ["taskset", "-c", str(processors[number % len(processors)])]


def found(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


_missing: set[str] = set()


def peer(program: str) -> str | None:
    """Its path; one line says when it is not on this machine."""
    path = found(program)
    if path is None and program not in _missing:
        _missing.add(program)
        print(f"{program} is left out: it is not on this machine", file=sys.stderr)
    return path


def newer(variable: str) -> dict[str, str]:
    """Programs that ZC_BENCH_CAT or ZC_BENCH_TEE names: paths, separated by colons. By the
    last two words of their paths: their own name is that of what they replace."""
    programs = [word for word in os.environ.get(variable, "").split(":") if word]
    return {"/".join(Path(word).parts[-2:]): word for word in programs if peer(word)}


# --- ends that are sockets


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Who writes, who reads: one connection over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    return client, server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def is_listening(kind: str, place: str) -> bool:
    if kind == "tcp":
        local = f":{int(place):04X}"
        lines = Path("/proc/net/tcp").read_text().splitlines()
        with contextlib.suppress(FileNotFoundError):
            lines += Path("/proc/net/tcp6").read_text().splitlines()
        fields = (line.split() for line in lines[1:])
        return any(f[1].endswith(local) and f[3] == "0A" for f in fields)
    # HAProxy binds to another name, which begins with this one, and then renames it.
    accepts = "00010000"
    lines = Path("/proc/net/unix").read_text().splitlines()
    bound = any(f" {place}" in line and line.split()[3] == accepts for line in lines)
    return bound and Path(place).exists()


def wait_listening(kind: str, place: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1000):
        if is_listening(kind, place):
            return
        if process.poll() is not None:
            break
        time.sleep(0.005)
    raise Failed(f"{process.args!r}: nothing listens on {place}")


# --- what came, in whole


def digest_of(stream: int) -> str:
    """SHA-256 of everything that can be read from a descriptor."""
    digest = hashlib.sha256()
    while piece := os.read(stream, MIB):
        digest.update(piece)
    return digest.hexdigest()


def digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return digest_of(file.fileno())


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder on a disk's file system, whose page cache has large folios (tmpfs has not);
    `shm` in it leads to one on tmpfs."""
    place = os.environ.get("TMPDIR", "/var/tmp")
    with (
        tempfile.TemporaryDirectory(prefix="zc-bench.", dir=place) as disk,
        tempfile.TemporaryDirectory(prefix="zc-bench.", dir="/dev/shm") as shm,
    ):
        (Path(disk) / "shm").symlink_to(shm)
        yield Path(disk)
