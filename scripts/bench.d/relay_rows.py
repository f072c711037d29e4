"""zc-relay beside socat, HAProxy, nginx, systemd-socket-proxyd and ncat, on loopback."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from flow import BY_WRITING
from lab import GIB, KIB, MIB, Crew, Failed, Lab, free_port, peer, size_name, wait_listening
from model import Sample

PROXYD = "/lib/systemd/systemd-socket-proxyd"
NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
IDLE_CONNECTIONS = 5000


def haproxy_settings(near: str, far: str) -> str:
    return f"""global
    tune.pipesize 1048576
    maxconn 6000
defaults
    mode tcp
    option splice-request
    option splice-response
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen relay
    bind {near}
    server far {far}
"""


def nginx_settings(lab: Lab, near: str, far: str) -> str:
    return f"""daemon off;
master_process off;
pid {lab.place("nginx.pid")};
error_log /dev/null crit;
load_module {NGINX_STREAM};
events {{ worker_connections 4096; }}
stream {{ server {{ listen {near}; proxy_pass {far}; proxy_buffer_size 256k; }} }}
"""


class Place:
    """Where a relay or a sink listens, in the words of each program."""

    def __init__(self, lab: Lab, kind: str, name: str) -> None:
        self.kind = kind
        self.name = str(free_port()) if kind == "tcp" else str(lab.place(name))
        if kind == "unix":
            Path(self.name).unlink(missing_ok=True)

    def option(self) -> list[str]:
        return [f"--{self.kind}", self.name]

    def to_listen(self) -> str:
        if self.kind == "tcp":
            return f"TCP-LISTEN:{self.name},fork,reuseaddr,backlog=1024,bind=127.0.0.1"
        return f"UNIX-LISTEN:{self.name},fork"

    def to_connect(self) -> str:
        return f"TCP:127.0.0.1:{self.name}" if self.kind == "tcp" else f"UNIX-CONNECT:{self.name}"

    def of_haproxy(self) -> str:
        return f"127.0.0.1:{self.name}" if self.kind == "tcp" else f"unix@{self.name}"

    def of_nginx(self) -> str:
        return f"127.0.0.1:{self.name}" if self.kind == "tcp" else f"unix:{self.name}"


def command_of(lab: Lab, relay: str, near: Place, far: Place) -> list[str]:
    """What starts a relay between two places."""
    ends = [near.to_listen(), far.to_connect()]
    if relay == "zc-relay":
        return [lab.ours("zc-relay"), *ends]
    if relay.startswith("--"):
        return [lab.ours("zc-relay"), relay, *ends]
    if relay == "socat":
        return ["socat", *ends]
    if relay == "socat -b 256k":
        return ["socat", "-b", "262144", *ends]
    if relay == "haproxy":
        settings = lab.place("haproxy.cfg")
        settings.write_text(haproxy_settings(near.of_haproxy(), far.of_haproxy()))
        return ["haproxy", "-db", "-f", str(settings)]
    if relay == "nginx":
        settings = lab.place("nginx.conf")
        settings.write_text(nginx_settings(lab, near.of_nginx(), far.of_nginx()))
        return ["nginx", "-e", "/dev/null", "-c", str(settings)]
    if relay == "ncat":
        return ["ncat", "-lk", "127.0.0.1", near.name, "--sh-exec", f"ncat 127.0.0.1 {far.name}"]
    assert relay == "socket-proxyd"
    listen = ["systemd-socket-activate", "-l", f"127.0.0.1:{near.name}"]
    return [*listen, PROXYD, f"127.0.0.1:{far.name}"]


def relays(lab: Lab) -> list[str]:
    """Ours, and whoever is on this machine."""
    there = ["zc-relay"]
    if peer("socat"):
        there += ["socat", "socat -b 256k"]
    if peer("haproxy"):
        there.append("haproxy")
    if lab.quick:
        return there
    if peer("nginx") and Path(NGINX_STREAM).exists():
        there.append("nginx")
    if peer(PROXYD) and peer("systemd-socket-activate"):
        there.append("socket-proxyd")
    if peer("ncat"):
        there.append("ncat")
    return there


@contextmanager
def running(
    lab: Lab, relay: str, kinds: tuple[str, str] = ("tcp", "tcp")
) -> Iterator[tuple[subprocess.Popen[bytes], Place, Place]]:
    """A relay that listens; its own words, such as a log, are not read."""
    near, far = Place(lab, kinds[0], "near"), Place(lab, kinds[1], "far")
    with Crew() as crew:
        command = command_of(lab, relay, near, far)
        process = crew.start(command, stderr=subprocess.DEVNULL)
        wait_listening(near.kind, near.name, process)
        yield process, near, far


def through(
    lab: Lab, relay: str, kinds: tuple[str, str], chunk: int, size: int, streams: int = 1
) -> Sample:
    """What a relay takes to move `size` bytes, in `streams` connections at once."""
    size -= size % streams
    many = ["--streams", str(streams)]
    with running(lab, relay, kinds) as (process, near, far), Crew() as crew:
        sink = crew.start_ready(lab.sink(size, "--drop", *far.option(), *many))
        before = lab.processor_time(process.pid)
        feed = [*BY_WRITING, "--chunk", str(chunk), *near.option(), *many]
        source = crew.start(lab.source(size, *feed))
        crew.expect_success(source)
        crew.expect_success(sink)
        cpu = lab.processor_time(process.pid) - before
    return lab.sample(size, lab.sink_seconds(), cpu)


def nothing_between(lab: Lab, chunk: int, size: int, streams: int) -> Sample:
    """What source and sink reach without a relay."""
    size -= size % streams
    many = ["--streams", str(streams)]
    far = Place(lab, "tcp", "far")
    with Crew() as crew:
        sink = crew.start_ready(lab.sink(size, "--drop", *far.option(), *many))
        feed = [*BY_WRITING, "--chunk", str(chunk), *far.option(), *many]
        crew.expect_success(crew.start(lab.source(size, *feed)))
        crew.expect_success(sink)
    return {"rate": size / lab.sink_seconds() / GIB}


def stream_rows(lab: Lab) -> None:
    for streams in (1, 10, 100) if not lab.quick else (1,):
        contestants: dict[str, Callable[[], Sample]] = {}
        for relay in relays(lab):
            # A process for each connection, each with a child: its time is counted late.
            if relay == "ncat" and streams > 1:
                continue
            contestants[relay] = through_of(
                lab, relay, ("tcp", "tcp"), 128 * KIB, lab.bytes // 2, streams
            )
        contestants["no program"] = lambda n=streams: nothing_between(  # type: ignore[misc]
            lab, 128 * KIB, lab.bytes // 2, n
        )
        lab.row(
            f"relay/streams@{streams}",
            f"relay: {streams} stream{'s' if streams > 1 else ''} at once, 128 KiB writes",
            contestants,
        )


def through_of(
    lab: Lab, relay: str, kinds: tuple[str, str], chunk: int, size: int, streams: int = 1
) -> Callable[[], Sample]:
    return lambda: through(lab, relay, kinds, chunk, size, streams)


def size_by_chunk(lab: Lab, chunk: int) -> int:
    """Bytes of one run with writes of so many KiB. Which processor three programs on two of
    them wake up on changes from run to run: a quarter of a second has some of each."""
    return lab.bytes // (16 if chunk < 4 else 8 if chunk < 16 else 4)


def chunk_rows(lab: Lab) -> None:
    """The four pairs of sockets, from 1 KiB to 1 MiB a write."""
    who = ["zc-relay", "--zero-copy=never"]
    who += [] if lab.quick else [r for r in ("socat", "haproxy") if r in relays(lab)]
    chunks = [1, 4, 16, 64, 256, 1024] if not lab.quick else [4, 64]
    for pair in ("tcp-tcp", "tcp-unix", "unix-tcp", "unix-unix"):
        kinds = (pair.split("-")[0], pair.split("-")[1])
        for chunk in chunks:
            size = size_by_chunk(lab, chunk)
            lab.row(
                f"relay/{pair}@{chunk}KiB",
                f"relay: {pair.replace('-', ' -> ')}, {chunk} KiB writes",
                {relay: through_of(lab, relay, kinds, chunk * KIB, size) for relay in who},
            )


def growth_rows(lab: Lab) -> None:
    if lab.quick:
        return
    for size in (MIB, 16 * MIB, 128 * MIB):
        lab.row(
            f"relay/stream-of@{size_name(size)}",
            f"relay: one stream of {size_name(size)}, 128 KiB writes",
            {
                relay: through_of(lab, relay, ("tcp", "tcp"), 128 * KIB, size)
                for relay in ("zc-relay", "socat", "haproxy")
                if relay in relays(lab)
            },
        )


def message_rows(lab: Lab) -> None:
    """Small messages there and back, and connections made, used and closed."""
    share = 4 if lab.quick else 1
    tries = [
        ("round-trip", "round trip of 64 bytes", "trip", ["trips", str(10_000 // share)]),
        ("connects", "connections a second", "connections", ["connects", str(4000 // share), "16"]),
    ]
    there = [relay for relay in ("zc-relay", "haproxy", "socat") if relay in relays(lab)]
    for name, title, figure, tool in tries:

        def run(relay: str, figure: str = figure, tool: list[str] = tool) -> Callable[[], Sample]:
            def timed() -> Sample:
                with running(lab, relay) as (_, near, far):
                    command = [str(lab.tool / tool[0]), *tool[1:], near.name, far.name]
                    done = subprocess.run(command, check=False, capture_output=True, text=True)
                    if done.returncode != 0:
                        raise Failed(done.stderr.strip())
                return {figure: float(done.stdout)}

            return timed

        lab.row(f"relay/{name}", f"relay: {title}", {relay: run(relay) for relay in there})


def memory_of(process: int) -> int:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIB
    raise Failed("no Pss in smaps_rollup")


def idle_row(lab: Lab) -> None:
    """What thousands of connections cost that carry nothing."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = IDLE_CONNECTIONS if not lab.quick else 1000
    seconds = 5 if not lab.quick else 2
    with running(lab, "zc-relay") as (relay, near, far), Crew() as crew:
        descriptors = Path(f"/proc/{relay.pid}/fd")
        memory, held = memory_of(relay.pid), len(os.listdir(descriptors))
        ready, tell = os.pipe()
        crew.start([str(lab.tool / "idle"), str(count), near.name, far.name], stdout=tell)
        os.close(tell)
        if not os.read(ready, 1):
            raise Failed("the idle connections cannot be made")
        memory, held = memory_of(relay.pid) - memory, len(os.listdir(descriptors)) - held
        before = lab.processor_time(relay.pid)
        time.sleep(seconds)
        spent = lab.processor_time(relay.pid) - before
        os.close(ready)
    lab.single(
        f"relay/idle@{count}",
        f"relay: an idle connection of {count}",
        "zc-relay",
        {
            "memory": memory / count,
            "descriptors": held / count,
            "core": 100 * spent / seconds,
        },
    )


def rows(lab: Lab) -> None:
    stream_rows(lab)
    growth_rows(lab)
    message_rows(lab)
    idle_row(lab)
    chunk_rows(lab)
