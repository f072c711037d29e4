# Shared by the tests of the programs. A .bats file says `load helpers` (or
# `load ../cli/helpers`), and calls set_up and clean_up from setup and teardown.
# shellcheck shell=bash disable=SC2034,SC2154 # tests and bats use and set them
bats_require_minimum_version 1.5.0

set_up() {
    local root
    root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
    PATH=${ZC_BIN:-$root/build/release/tools}:${ZC_AIDS:-$root/build/release/tests/cli}:$PATH
    PATH=$PATH:${ZC_BENCH:-$root/build/release/tests/bench}
    export LC_ALL=C
    set -o pipefail
    cd "$BATS_TEST_TMPDIR" || return
    started=()
    under=()
}

# Ends what the test has started, by number.
clean_up() {
    local pid
    for pid in "${started[@]}"; do
        if kill -0 "$pid" 2>&-; then kill "$pid"; fi
        finished "$pid" any
    done
}

# Runs a program that must not hang: 124 when it took more than 60 s.
limited() { timeout -k 10 60 "$@"; }

# Starts a program beside the test; its number is in $started_pid. A signal sent
# to that number reaches the program (timeout(1) passes it on, and kills after 10 s, and the status
# back). It inherits none of bats' own descriptors: bats would wait for it.
start() {
    timeout -k 10 60 "$@" <&0 3>&- &
    started_pid=$!
    started+=("$started_pid")
}

# The program that `start` has started as $1: timeout(1) passes most signals on, but not SIGUSR1.
program_of() { pgrep -P "$1"; }

# As start, for a line of shell. A FIFO is opened there: opening it here would wait
# for whoever opens its other end.
start_shell() { start bash -o pipefail -c "$1"; }

# Waits for a program that `start` has started; fails unless its status is $2 (default 0).
finished() {
    local got=0
    wait "$1" 2>&- || got=$?
    if [[ ${2:-0} != any && $got != "${2:-0}" ]]; then
        echo "status $got instead of ${2:-0}"
        return 1
    fi
}

# Gives the processor away for 10 ms. `read -t` waits without a process of its own.
rest() {
    [[ -v never ]] || { mkfifo "$BATS_TEST_TMPDIR/.never" && exec {never}<>"$BATS_TEST_TMPDIR/.never"; }
    ! read -r -t 0.01 -u "$never" _
}

# Waits until a command succeeds; fails after 20 s.
until_true() {
    local end=$((SECONDS + 20))
    until "$@"; do
        if ((SECONDS >= end)); then
            echo "never came true: $*"
            return 1
        fi
        rest
    done
}

# Lets a peer that waits at the FIFO `gate` go on; fails when none comes there.
open_gate() { timeout 20 bash -c ': >gate'; }

# ---- bytes

# make_file NAME BYTES [SEED]
make_file() { stream make "$2" "${3:-1}" >"$1"; }

# same NAME ...: all files hold the same bytes, and there are at least two.
same() {
    local first=$1 other
    shift
    (($# > 0)) || return 1
    for other; do cmp "$first" "$other" || return 1; done
}

# ---- peers and relays

# start_peer NAME ARGUMENT ...: a server (see peer.cpp); its port is then in $peer_port.
start_peer() {
    local name=$1
    shift
    start peer --ready "$name.ready" "$@"
    peer_pid=$started_pid
    until_true test -e "$name.ready"
    read -r peer_port <"$name.ready"
}

says() { grep -q -- "$1" "$2" 2>/dev/null; }

# start_relay ARGUMENT ...: zc-relay with its first address a listener, run by the
# program in $under if there is one. What it says is in relay.log; its TCP port,
# chosen by the kernel for port 0, in $port.
start_relay() {
    start "${under[@]}" zc-relay -dd "$@" 2>relay.log
    relay=$started_pid
    until_true says 'listening on' relay.log
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' relay.log | head -n 1)
}

# A port nobody listens on: one that the kernel has just chosen and taken back. Its
# owner ends by himself: timeout(1) that is killed at once may not know its child yet.
closed_port() {
    start_peer closed tcp-listen end
    : <"/dev/tcp/127.0.0.1/$peer_port"
    finished "$peer_pid"
    closed_port=$peer_port
}

# The last line of a program's errors, without the date and number of a log line.
last_error() { tail -n 1 "$1" | sed 's/^[0-9/]* [0-9:]* \([a-z-]*\)\[[0-9]*\] /\1 /'; }

# fails_with TEXT: `run --separate-stderr` ended with 1 and said this one line.
fails_with() {
    if ((status != 1)) || [[ $stderr != "$1" ]]; then
        printf 'status %s\nsaid:     %s\nexpected: %s\n' "$status" "$stderr" "$1"
        return 1
    fi
}

# succeeds: `run --separate-stderr` ended with 0 and said nothing on standard error.
succeeds() {
    if ((status != 0)) || [[ -n $stderr ]]; then
        printf 'status %s\nsaid: %s\n' "$status" "$stderr"
        return 1
    fi
}
