# Rows of scripts/bench: the library's transfer() and Pipe::tee(). Sourced by it.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # scripts/bench sets and reads them

# The Go side, if there is a Go; its module is in Debian's place for sources.
build_go() {
    command -v go >/dev/null && [[ -d /usr/share/gocode/src/golang.org/x/sys ]] || return 1
    (cd "$here/tests/bench" && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS=-buildvcs=false \
        GOCACHE="$work/go" go build -o "$work/copy-go" copy.go) >&2
}

# The seed's table: four pairs of sockets, eleven sizes of write.
library_chunks() {
    local from to chunk target all=$bytes
    for from in tcp unix; do
        for to in tcp unix; do
            for chunk in 1 2 4 8 16 32 64 128 256 512 1024; do
                target='>=0.97'
                ((chunk < 64)) || target='>=1.3'
                bytes=$((chunk < 16 ? all / 4 : all))
                rate "transfer(): $from -> $to, $chunk KiB, beside read, write" "$target" - \
                    "pair_run $from $to $((chunk * 1024))" "$tool/transfer" "$tool/transfer --never"
                [[ -x $work/copy-go ]] || continue
                rate "  beside Go's splice" '>=1' - "pair_run $from $to $((chunk * 1024))" \
                    "$tool/transfer" "$work/copy-go"
            done
        done
    done
    bytes=$all
}

# tee_run ARGUMENT ...: of tests/bench/tees, which times itself.
tee_run() { measure "$@" --bytes "$bytes" >"$work/sink"; }

library_tees() {
    local links
    for links in 1 2 4 8; do
        rate "Pipe::tee(): a chain of $links, 64 KiB" '>=3' - tee_run \
            "$tool/tees --links $links" "$tool/tees --links $links --copy"
    done
    rate "Pipe::tee(): a pipe and a file, 64 KiB" '>=3' - tee_run \
        "$tool/tees --file $work/copy" "$tool/tees --file $work/copy --copy"
    rm -f "$work/copy"
}

library_rows() {
    build_go || echo "Go's side is left out: golang-go and golang-golang-x-sys-dev are not here"
    library_tees
    library_chunks
}
