# Rows of scripts/bench: what it costs to watch a transfer, to bound it, and to trust
# its result. Sourced by it; uses its functions and variables.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # scripts/bench sets and reads them

# to_null PROGRAM ...: of the file, into nothing.
to_null() { timed "$@" "$work/file" >/dev/null; }

# in_core FILE ...: pages in the page cache. With --drop they are dropped first.
in_core() { "$tool/in_core" "$@"; }

# The same work for both: neither file is in the cache at the beginning, and both are on the
# disk at the end.
copy_cold() {
    rm -f "$work/copy"
    in_core --drop "$work/file" >/dev/null
    timed "$@" --fsync "$work/file" -o "$work/copy"
}

# With the program measured on a processor of its own: where three programs go on two is
# worth more than what is looked for.
pipe_to_pipe_apart() {
    on_processor 0 "$tool/source" --bytes "$bytes" --vmsplice --chunk 262144 --pipe 1048576 |
        on_processor 1 "$tool/measure" "$work/cpu" "$@" |
        on_processor 0 "$tool/sink" --report "$work/sink" --expect "$bytes" --drop --chunk 1048576 \
            --pipe 1048576
}

# The CPU time of 10 s in which nothing moves and the line is shown every 100 ms.
progress_idle() {
    local pid hold
    [[ -p $work/idle ]] || mkfifo "$work/idle"
    exec {hold}<>"$work/idle"
    "$bin/zc-cat" --progress=always --interval=0.1 <"$work/idle" >/dev/null 2>&1 &
    pid=$!
    started=("$pid")
    sleep 1
    local before
    before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
    sleep 10
    row "progress, 10 times as often: CPU of a core" \
        "$(awk -v b="$before" -v hz="$(getconf CLK_TCK)" '{ print 100 * ($14 + $15 - b) / hz / 10 }' \
            "/proc/$pid/stat")" % '<=0.1'
    kill "$pid"
    wait "$pid" || true
    started=()
    exec {hold}<&-
}

result_rows() {
    local options all="--progress=always --stats --stats-file=$work/stats -L 1T --stall-timeout=60"
    head -c "$bytes" /dev/urandom >"$work/file"
    cat "$work/file" >/dev/null
    for options in --progress=always "--stats --stats-file=$work/stats" "-L 1T" \
        --stall-timeout=60 "$all"; do
        local title=${options/ --stats-file=$work\/stats/}
        [[ $options != "$all" ]] || title="all of them"
        # What is looked for is smaller than the noise of a run of 30 ms.
        rounds=$((5 * rounds)) rate "file -> pipe, $title" '>=0.97' - file_to_pipe \
            "$bin/zc-cat $options" "$bin/zc-cat"
        bytes=$((8 * bytes)) rounds=$((3 * rounds)) rate "pipe -> pipe, $title" '>=0.97' - \
            pipe_to_pipe_apart "$bin/zc-cat $options" "$bin/zc-cat"
    done 2>"$work/progress" || { cat "$work/progress" >&2; exit 1; }
    progress_idle
    rate "--digest=sha256, beside sha256sum" '>=0.95' - to_null \
        "$bin/zc-cat --digest=sha256 --digest-file=$work/sum" sha256sum
    rate "--digest=xxh3, beside reading alone" - - to_null \
        "$bin/zc-cat --digest=xxh3 --digest-file=$work/sum" "$bin/zc-cat --zero-copy=never"
    row "  its rate" "$(median <"$work/rate.ours")" GiB/s '>=4'
    rate "--no-cache: a copy on one disk, and synced" '>=0.77' - copy_cold \
        "$bin/zc-cat --no-cache" "$bin/zc-cat"
    copy_cold "$bin/zc-cat" --no-cache
    sync "$work/copy"
    row "  of both files in the page cache" \
        "$(in_core "$work/file" "$work/copy" | awk -v b="$bytes" '{ n += $1 } END { print 100 * n * 4096 / b }')" \
        % '<=1'
    rm -f "$work/file" "$work/copy"
}
