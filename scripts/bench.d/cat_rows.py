"""zc-cat beside cat, and what else moves a file: dd, cp, pv, busybox, mbuffer, socat."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, Sequence

from flow import Command, Flow, Flows, words
from lab import GIB, KIB, MIB, Failed, Lab, digest_of_file, newer, peer, size_name
from model import Sample

CAT = "/usr/bin/cat"


def dd(flow: Flow, file: Path | None) -> Sequence[str]:
    return ["dd", "bs=1M", "status=none", *([f"if={file}"] if file else [])]


def cp(flow: Flow, file: Path | None) -> Sequence[str] | None:
    return ["cp", str(file), str(flow.copy)] if flow.source == flow.sink == "file" else None


def socat(flow: Flow, file: Path | None) -> Sequence[str]:
    return ["socat", "-u", f"OPEN:{file}" if file else "STDIN", "STDOUT"]


def mbuffer(flow: Flow, file: Path | None) -> Sequence[str]:
    # Its own block is 10 KiB, with which it takes thirty times as long.
    return ["mbuffer", "-q", "-m", "16M", "-s", "1M", *(["-i", str(file)] if file else [])]


def peers(lab: Lab) -> dict[str, Command]:
    """Whom a user might type instead; ours first, cat second."""
    them: dict[str, Command] = {"zc-cat": words(lab.ours("zc-cat")), "cat": words(CAT)}
    for name, program in newer("ZC_BENCH_CAT").items():
        them[name] = words(program)
    if lab.quick:
        return them
    others: dict[str, Command] = {
        "busybox": words("busybox", "cat"),
        "dd": dd,
        "cp": cp,
        "pv": words("pv", "-q"),
        "mbuffer": mbuffer,
        "socat": socat,
    }
    return them | {name: command for name, command in others.items() if peer(name)}


def floors(lab: Lab, flow: Flow) -> dict[str, Command]:
    """The plainest loops for the same work."""
    plain = str(lab.tool / "plain")
    ways = {
        ("file", "drop"): ("direct", "carrier"),
        ("file", "file"): ("range",),
        ("pipe", "drop"): ("direct",),
        ("pipe", "file"): ("direct",),
    }.get((flow.source, flow.sink), ("carrier",))
    return {f"plain {way}": words(plain, way) for way in ways}


def flows_of(lab: Lab, xfs: Path | None) -> list[Flow]:
    disk, shm = lab.work, lab.place("shm")
    disk_name = file_system(disk)
    flows = [
        Flow("file-pipe-drop", "file -> pipe, splicing reader", "file", "drop", disk),
        Flow("file-pipe-read", "file -> pipe, reader of 128 KiB", "file", "read", disk),
        Flow("file-file-disk", f"file -> file, {disk_name}", "file", "file", disk),
        Flow("file-file-tmpfs", "file -> file, tmpfs", "file", "file", shm),
        Flow("pipe-pipe", "pipe -> pipe", "pipe", "drop", disk),
        Flow("pipe-file", f"pipe -> file, {disk_name}", "pipe", "file", disk),
        Flow("file-tcp", "file -> TCP", "file", "tcp", disk),
        Flow("tcp-file", f"TCP -> file, {disk_name}", "tcp", "file", disk),
    ]
    if xfs is not None:
        flows.insert(4, Flow("file-file-xfs", "file -> file, xfs, reflink", "file", "file", xfs))
    return flows


def file_system(place: Path) -> str:
    answer = subprocess.run(
        ["df", "--output=fstype", place], check=True, capture_output=True, text=True
    )
    return answer.stdout.split()[-1]


@contextlib.contextmanager
def xfs_folder(lab: Lab) -> Iterator[Path | None]:
    """A folder of xfs with reflinks, in an image; none where that cannot be mounted."""
    image, mount = lab.place("xfs.img"), lab.place("xfs")
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(4 * GIB)

    def done(*command: str | Path) -> bool:
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False

    mounted = done("mkfs.xfs", "-q", "-m", "reflink=1", image) and done(
        "mount", "-o", "loop", image, mount
    )
    if not mounted:
        print("xfs is left out: it cannot be made or mounted here", file=sys.stderr)
    try:
        yield mount if mounted else None
    finally:
        if mounted:
            done("umount", mount)
        image.unlink()


def sizes_rows(lab: Lab, flows: Flows, flow: Flow) -> None:
    """From nothing to what a backup is; how the cost grows is in the large ones."""
    them = peers(lab)
    few = {name: them[name] for name in list(them)[:2]} | {
        name: them[name] for name in newer("ZC_BENCH_CAT")
    }
    for command in (them | floors(lab, flow)).values():
        if command(flow, Path("x")) is not None:
            flows.check(flow, command)

    small = [0, 100, 4 * KIB, 64 * KIB, MIB] if not lab.quick else [100, 64 * KIB]
    for size in small:
        lab.row(
            f"cat/{flow.name}@{size_name(size)}",
            f"cat: {flow.title}, {size_name(size)}",
            {name: small_run(flows, flow, command, size) for name, command in few.items()},
        )
    large = [16 * MIB, 128 * MIB, lab.bytes] if not lab.quick else [lab.bytes]
    for size in large:
        who = (them if size == lab.bytes else few) | floors(lab, flow)
        if flow.name == "file-pipe-drop" and size == lab.bytes:
            who["--zero-copy=always"] = words(lab.ours("zc-cat"), "--zero-copy=always")
        contestants = {
            name: large_run(flows, flow, command, size)
            for name, command in who.items()
            if command(flow, Path("x")) is not None
        }
        if flow.name == "pipe-pipe":
            contestants["no program"] = lambda size=size: flows.nothing(flow, size)  # type: ignore[misc]
        lab.row(
            f"cat/{flow.name}@{size_name(size)}",
            f"cat: {flow.title}, {size_name(size)}",
            contestants,
        )
    for left in flow.folder.glob("file-*"):
        left.unlink()
    flow.copy.unlink(missing_ok=True)


def small_run(flows: Flows, flow: Flow, command: Command, size: int) -> Callable[[], Sample]:
    return lambda: flows.small(flow, command, size)


def large_run(flows: Flows, flow: Flow, command: Command, size: int) -> Callable[[], Sample]:
    return lambda: flows.large(flow, command, size)


# --- text


def make_text(path: Path, size: int) -> None:
    """As people write it: lines of up to 16 words of 1 to 11 letters, some indented."""
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    weights = range(len(letters), 0, -1)
    chance = random.Random(1)
    pool = ["".join(chance.choices(letters, weights, k=chance.randint(1, 11))) for _ in range(4096)]
    piece = bytearray()
    while len(piece) < min(size, 4 * MIB):
        indent = "\t" if chance.random() < 0.1 else ""
        piece += f"{indent}{' '.join(chance.choices(pool, k=chance.randint(0, 16)))}\n".encode()
    with path.open("wb") as file:
        for _ in range(0, size, len(piece)):
            file.write(piece)
        file.truncate(size)


def text_rows(lab: Lab, flows: Flows) -> None:
    text = lab.place("text")
    size = lab.bytes // 4
    make_text(text, size)
    null = Flow("text", "text -> /dev/null", "null", "null", lab.work)
    cats = {"zc-cat": lab.ours("zc-cat"), "cat": CAT} | newer("ZC_BENCH_CAT")
    for option in ("-n", "-A", "-s", "-E"):
        check_text(lab, list(cats.values()), option)

        def run(program: str) -> Callable[[], Sample]:
            command = [program, option, str(text)]
            return lambda: flows.large(null, lambda _flow, _file: command, size)

        lab.row(
            f"cat/text{option}",
            f"cat {option}: {null.title}",
            {name: run(program) for name, program in cats.items()},
        )
    text.unlink()


def check_text(lab: Lab, programs: list[str], option: str) -> None:
    sample, out = lab.place("text-sample"), lab.place("text-out")
    make_text(sample, 2 * MIB)
    digests = set()
    for program in programs:
        with out.open("wb") as file:
            subprocess.run([program, option, sample], stdout=file, check=True)
        digests.add(digest_of_file(out))
    if len(digests) != 1:
        raise Failed(f"cat {option}: the programs do not say the same")


# --- whole programs


def hyperfine(lab: Lab, commands: dict[str, str], runs: int) -> dict[str, Sample]:
    """The median times of whole commands, in microseconds."""
    out = lab.place("hyperfine.json")
    subprocess.run(
        ["hyperfine", "-N", "--style", "none", "--warmup", "20", "--runs", str(runs)]
        + ["--export-json", str(out), *commands.values()],
        check=True,
        capture_output=True,
    )
    results = json.loads(out.read_text())["results"]
    return {name: {"wall": r["median"] * 1e6} for name, r in zip(commands, results)}


def whole_rows(lab: Lab) -> None:
    cats = {"zc-cat": lab.ours("zc-cat"), "cat": CAT} | newer("ZC_BENCH_CAT")
    if not lab.quick and peer("busybox"):
        cats["busybox"] = "busybox cat"
    small = lab.place("small")
    small.write_bytes(bytes(100))
    for name, title, file in (
        ("start-up", "start and end: cat /dev/null", "/dev/null"),
        ("whole-process@100B", "a file of 100 bytes, whole process", str(small)),
    ):
        commands = {who: f"{program} {file}" for who, program in cats.items()}
        batches: dict[str, Sample] = {}

        def next_of(who: str) -> Callable[[], Sample]:
            def run() -> Sample:
                if who == "zc-cat":
                    batches.update(hyperfine(lab, commands, 80 if lab.quick else 400))
                return batches[who]

            return run

        lab.row(f"cat/{name}", f"cat: {title}", {who: next_of(who) for who in cats})


def many_rows(lab: Lab) -> None:
    many = lab.place("many")
    many.mkdir()
    count = 20_000
    for i in range(count):
        (many / f"f{i:05}").write_bytes(bytes(100))
    names = [f"f{i:05}" for i in range(count)]
    here = os.open(".", os.O_RDONLY)

    def run(program: str) -> Callable[[], Sample]:
        def timed() -> Sample:
            os.chdir(many)
            try:
                subprocess.run(
                    lab.measured([program, *names]), stdout=subprocess.DEVNULL, check=True
                )
            finally:
                os.fchdir(here)
            return {"wall": lab.wall_and_cpu()[0] * 1e6}

        return timed

    cats = {"zc-cat": lab.ours("zc-cat"), "cat": CAT} | newer("ZC_BENCH_CAT")
    lab.row(
        f"cat/many-files@{count}",
        f"cat: {count:,} files of 100 bytes in one call",
        {who: run(program) for who, program in cats.items()},
        rounds=3 * lab.rounds,
    )
    os.close(here)
    shutil.rmtree(many)


def rows(lab: Lab) -> None:
    flows = Flows(lab)
    whole_rows(lab)
    many_rows(lab)
    with xfs_folder(lab) as xfs:
        for flow in flows_of(lab, xfs):
            sizes_rows(lab, flows, flow)
    text_rows(lab, flows)
