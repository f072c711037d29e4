"""What it costs to watch a transfer, to bound it, and to trust its result."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Callable, Sequence

from flow import Flow, Flows
from lab import Crew, Lab, peer
from model import Sample


def watched_rows(lab: Lab, flows: Flows) -> None:
    """Nothing of it may be seen in the speed."""
    zc_cat = lab.ours("zc-cat")
    stats = ["--stats", f"--stats-file={lab.place('stats')}"]
    options = {
        "progress": ["--progress=always"],
        "stats": stats,
        "rate-limit": ["-L", "1T"],
        "stall-timeout": ["--stall-timeout=60"],
    }
    options["all"] = [word for words in options.values() for word in words]
    if lab.quick:
        options = {"all": options["all"]}
    size = 4 * lab.bytes
    for source in ("file", "pipe"):
        flow = Flow(f"{source}-pipe", f"{source} -> pipe", source, "drop", lab.work)

        def run(words: list[str], flow: Flow = flow) -> Callable[[], Sample]:
            return lambda: flows.large(
                flow,
                lambda _flow, file: [zc_cat, *words, *([str(file)] if file else [])],
                size,
            )

        contestants = {"zc-cat": run([])} | {name: run(words) for name, words in options.items()}
        # Every option is a contestant of its own, beside the same run without.
        lab.row(
            f"result/{flow.name}",
            f"zc-cat: {flow.title}, without and with options that watch or bound",
            contestants,
            rounds=2 * lab.rounds,
        )
    flows.file(lab.work, size).unlink()


def idle_progress_row(lab: Lab) -> None:
    """A line every 100 ms about nothing that moves."""
    seconds = 3 if lab.quick else 10
    reader, writer = os.pipe()
    with Crew() as crew:
        command = [lab.ours("zc-cat"), "--progress=always", "--interval=0.1"]
        process = crew.start(command, stdin=reader, stderr=subprocess.DEVNULL)
        time.sleep(1)
        before = lab.processor_time(process.pid)
        time.sleep(seconds)
        spent = lab.processor_time(process.pid) - before
        os.close(writer)
    os.close(reader)
    lab.single(
        "result/idle-progress",
        "zc-cat: a progress line every 100 ms, nothing moves",
        "zc-cat",
        {"core": 100 * spent / seconds},
    )


def digest_rows(lab: Lab, flows: Flows) -> None:
    null = Flow("digest", "file -> /dev/null", "null", "null", lab.work)
    size = lab.bytes // 4
    file = flows.file(lab.work, size)
    zc_cat, out = lab.ours("zc-cat"), f"--digest-file={lab.place('sum')}"

    def run(*command: str) -> Callable[[], Sample]:
        return lambda: flows.large(null, lambda _flow, _file: [*command, str(file)], size)

    lab.row(
        "result/sha256",
        "zc-cat --digest=sha256: a cached file",
        {"zc-cat": run(zc_cat, "--digest=sha256", out), "sha256sum": run("sha256sum")}
        | ({"openssl": run("openssl", "dgst", "-sha256")} if peer("openssl") else {}),
    )
    lab.row(
        "result/xxh3",
        "zc-cat --digest=xxh3: a cached file",
        {
            "zc-cat": run(zc_cat, "--digest=xxh3", out),
            "--zero-copy=never": run(zc_cat, "--zero-copy=never"),
        },
    )


def no_cache_rows(lab: Lab, flows: Flows) -> None:
    """Neither file is in the cache at the beginning, and both are on the disk at the end."""
    flow = Flow("no-cache", "cold file -> file", "file", "file", lab.work)
    file = flows.file(lab.work, lab.bytes)

    def pages(*words: str) -> int:
        done = subprocess.run(
            [lab.tool / "in_core", *words], check=True, capture_output=True, text=True
        )
        return sum(int(line.split()[0]) for line in done.stdout.splitlines())

    def run(words: Sequence[str]) -> Callable[[], Sample]:
        command = [lab.ours("zc-cat"), *words, "--fsync", str(file), "-o", str(flow.copy)]

        def timed() -> Sample:
            flow.copy.unlink(missing_ok=True)
            pages("--drop", str(file))
            return flows.large(
                Flow("no-cache", "", "null", "null", lab.work),
                lambda _flow, _file: command,
                lab.bytes,
            )

        return timed

    lab.row(
        "result/no-cache",
        "zc-cat --no-cache: a copy on one disk, cold, and synced",
        {"zc-cat --no-cache": run(["--no-cache"]), "zc-cat": run([])},
    )
    run(["--no-cache"])()
    os.sync()
    cached = pages(str(file), str(flow.copy)) * os.sysconf("SC_PAGE_SIZE")
    lab.single(
        "result/cached",
        "zc-cat --no-cache: of both files in the page cache afterwards",
        "zc-cat",
        {"cached": 100 * cached / lab.bytes},
    )


def rows(lab: Lab) -> None:
    flows = Flows(lab)
    watched_rows(lab, flows)
    idle_progress_row(lab)
    digest_rows(lab, flows)
    no_cache_rows(lab, flows)
