# zc-tee: -p and --output-error, beside the tee of this machine.
load helpers

setup() {
    set_up
    mkdir bin
    ln -s "$(command -v zc-tee)" bin/tee
    gnu=/usr/bin/tee ours=$PWD/bin/tee
}
teardown() { clean_up; }

modes=("" -p --output-error --output-error=warn --output-error=warn-nopipe --output-error=exit
    --output-error=exit-nopipe --output-error=warn-n --output-error=exit-n)

# as_gnu COMMAND: the same words and status as tee's, in every mode. `$tee` is the
# program and its mode.
as_gnu() {
    local mode program status
    for mode in "${modes[@]}"; do
        for program in gnu ours; do
            rm -rf "$program" && mkdir "$program" && cd "$program"
            status=0
            tee="${!program} $mode" limited bash -c "$1" >../said.$program 2>&1 || status=$?
            cd ..
            echo "status $status" >>said.$program
            sed -i 's|^/usr/bin/tee:|tee:|' said.$program
        done
        diff said.gnu said.ours || { echo "mode: $mode"; return 1; }
    done
}

@test "a reader that has left: standard output" {
    as_gnu 'mkfifo go; { read <go; head -c 300000 /dev/zero 2>&-; } | { $tee kept; echo "tee $?" >&2; } |
        { exec <&-; echo >go; }'
}

@test "a reader that has left: a FIFO, and the others go on or not" {
    as_gnu 'mkfifo f go; { exec <f; exec <&-; echo >go; } & { read <go; head -c 300000 /dev/zero; } |
        { $tee one f two >out; echo "tee $?" >&2; }; for n in one two out; do test -s $n; echo "$n $?"; done; wait'
}

@test "a full device, at the first byte, and the others go on or not" {
    as_gnu 'head -c 300000 /dev/zero | { $tee one /dev/full two >out; echo "tee $?" >&2; }
        test "$(stat -c %s one)" -ge 300000; echo $?'
}

@test "a full standard output" {
    as_gnu 'head -c 300000 /dev/zero | $tee kept >/dev/full'
}

@test "an output that cannot be opened" {
    as_gnu 'echo text | $tee one nosuch/f two >out; echo $?; cat one out; test -e two; echo $?'
}

@test "with SIGPIPE ignored by the parent" {
    as_gnu 'trap "" PIPE; mkfifo go; { read <go; head -c 300000 /dev/zero 2>&-; } |
        { $tee kept; echo "tee $?" >&2; } | { exec <&-; echo >go; }'
}

@test "modes that are none: words, status, where to look" {
    local option program status
    for option in --output-error=w --output-error=nosuch --output-error=exi \
        '--output-error=nosuch --output-error=warn'; do
        for program in gnu ours; do
            status=0
            limited "${!program}" $option file </dev/null >said.$program 2>&1 || status=$?
            echo "status $status" >>said.$program
            sed -i "s|^/usr/bin/tee:|tee:|; s|'/usr/bin/tee --help'|'tee --help'|" said.$program
        done
        sed -i "s|'$ours --help'|'tee --help'|" said.ours
        diff said.gnu said.ours
    done
}

@test "the last of several modes counts" {
    run --separate-stderr limited bash -c 'echo a | zc-tee -p --output-error=exit /dev/full one >/dev/full'
    fails_with "zc-tee: 'standard output': No space left on device"
    run --separate-stderr limited bash -c 'yes 2>&- | zc-tee --output-error=exit -p | head -n 1; echo ${PIPESTATUS[1]}'
    succeeds
    [ "$output" = $'y\n0' ]
}

@test "-p with a silent input ends when its last reader has left, and no sooner" {
    mkfifo in one two
    start_shell 'exec zc-tee -p one two <in | true'
    exec 8>in 6<>one 7<>two
    local first=$started_pid
    until_true has_open two
    exec 6<&- # ours was the last descriptor that read it
    echo after >&8
    read -r -t 10 -u 7 line
    [ "$line" = after ]
    exec 7<&-
    finished "$first"
    exec 8>&-
}

has_open() {
    local pid
    pid=$(pgrep -n -x zc-tee -g "$started_pid") && [ -n "$(find "/proc/$pid/fd" -lname "*/$1")" ]
}

@test "without -p a silent input is waited for" {
    mkfifo in
    start_shell 'trap "" PIPE; exec zc-tee one <in >out'
    exec 8>in
    echo text >&8
    until_true test -s one
    kill -0 "$started_pid"
    exec 8>&-
    finished "$started_pid"
}
