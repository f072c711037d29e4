# zc-tee: every byte reaches every output, or it says which one it missed.
load helpers

setup() { set_up; }
teardown() { clean_up; }

@test "every size: standard output and two files are complete and equal" {
    local size
    for size in 0 1 4096 65535 65536 65537 1048576 1048577 20000003; do
        make_file f "$size"
        cat f | limited zc-tee one two | cat >out
        same f one two out
        limited zc-tee one two <f >out
        same f one two out
    done
}

@test "from a file, a UNIX socket and a FIFO" {
    make_file f 5000000
    limited zc-tee one <f | cat >out
    same f one out
    limited onto stdin-socketpair=f -- zc-tee one >out
    same f one out
    mkfifo fifo
    start_shell 'cat f >fifo'
    limited zc-tee one <fifo >out
    same f one out
}

@test "pieces that fit no page" {
    stream make 5000001 1 4097 | limited zc-tee one | stream check 5000001
    stream check 5000001 <one
}

@test "one GiB from pipe to pipe and /dev/null" {
    stream make 1073741824 3 | limited zc-tee /dev/null | stream check 1073741824 3
}

@test "outputs of every kind at once: file, FIFO, /dev/null, pipe" {
    make_file f 5000000
    mkfifo fifo
    start_shell 'cat fifo >from_fifo'
    cat f | limited zc-tee one fifo /dev/null | cat >out
    finished "$started_pid"
    same f one from_fifo out
}

@test "a process substitution is waited for by its reader, and gets everything" {
    stream make 5000000 | limited bash -c 'mkfifo done
        zc-tee >(stream check 5000000; echo $? >done) >/dev/null; read -r status <done; exit $status'
}

@test "a file is replaced, not only written over" {
    printf 'much longer than what comes' >one
    printf short | limited zc-tee one >out
    [ "$(cat one)" = short ]
}

@test "-a appends, to each file" {
    make_file f 3000000
    for option in -a --append; do
        printf first >one
        cat f | limited zc-tee "$option" one new >out
        printf first | cat - f >expected
        same expected one
        same f new out
        rm new
    done
}

@test "-i: an interrupt does not end it" {
    for option in -i --ignore-interrupts; do
        mkfifo in
        start_shell "exec zc-tee $option one <in >out"
        exec 8>in
        echo before >&8
        until_true test -s one
        kill -INT "$(tee_pid)"
        echo after >&8
        exec 8>&-
        finished "$started_pid"
        [ "$(cat one)" = $'before\nafter' ]
        same one out
        rm in one
    done
}

@test "without -i an interrupt ends it" {
    mkfifo in
    start_shell "exec zc-tee one <in >out"
    exec 8>in
    echo before >&8
    until_true test -s one
    kill -INT "$(tee_pid)"
    finished "$started_pid" 130
}

tee_pid() { pgrep -n -x zc-tee -g "$started_pid"; }

@test "a file that cannot be opened is told, the others are completed, the status is 1" {
    make_file f 3000000
    run --separate-stderr limited bash -c 'zc-tee one nosuch/two . three <f >out'
    fails_with "zc-tee: nosuch/two: No such file or directory
zc-tee: .: Is a directory"
    same f one three out
}

@test "a full device is told once, the others are completed" {
    make_file f 3000000
    for source in '<f' '< <(cat f)'; do
        run --separate-stderr limited bash -c "zc-tee one /dev/full two $source >out"
        fails_with "zc-tee: /dev/full: No space left on device"
        same f one two out
    done
}

@test "a full standard output is told, the files are completed" {
    make_file f 3000000
    run --separate-stderr limited bash -c 'cat f | zc-tee one >/dev/full'
    fails_with "zc-tee: 'standard output': No space left on device"
    same f one
}

@test "an output that fails half way keeps what it took, and nobody gets it twice" {
    make_file f 3000000
    run --separate-stderr limited bash -c 'trap "" XFSZ; ulimit -f 1000; cat f | zc-tee one | { ulimit -f unlimited 2>&-; cat; } | wc -c'
    ((status == 0))
    [ "$output" -eq 3000000 ]
    [ "$stderr" = "zc-tee: one: File too large" ]
    cmp -n 1024000 one f
    [ "$(stat -c %s one)" -eq 1024000 ]
}

@test "a reader that leaves ends zc-tee by SIGPIPE" {
    run --separate-stderr limited bash -c \
        'stream make 9000000 2>&- | zc-tee one | head -c 1 >head; echo "${PIPESTATUS[1]}"'
    succeeds
    [ "$output" = 141 ]
}

@test "a reader that leaves, with SIGPIPE ignored: dropped silently, the others are completed" {
    make_file f 9000000
    run --separate-stderr limited bash -c \
        'cat f | onto sigpipe-ignored -- zc-tee one two | head -c 1 >head; echo "${PIPESTATUS[1]}"'
    succeeds
    [ "$output" = 0 ]
    same f one two
}

@test "each byte reaches every output before more is read" {
    mkfifo question answer side
    start_shell 'exec zc-tee side kept <question >answer'
    exec 8>question 7<>side 9<answer
    local i line
    for i in {1..50}; do
        printf '%s\n' "line $i" >&8
        read -r -t 10 -u 9 line
        [ "$line" = "line $i" ]
        read -r -t 10 -u 7 line
        [ "$line" = "line $i" ]
        [ "$(wc -l <kept)" -eq "$i" ]
    done
    exec 8>&-
    finished "$started_pid"
}

@test "an output that takes nothing holds back the reading" {
    make_file f 9000000
    mkfifo slow
    start_shell 'exec zc-tee slow kept <f >out'
    exec 7<>slow
    until_true sleeps
    # One chunk at most lies between: the slow pipe, and what is in hand.
    [ "$(stat -c %s out)" -lt 4000000 ]
    limited head -c 9000000 <&7 >from_slow
    exec 7<&-
    finished "$started_pid"
    same f kept out from_slow
}
sleeps() { local pid; pid=$(tee_pid) && grep -q '^State:.S' "/proc/$pid/status"; }

@test "standard output closed: the file is not written twice" {
    printf 'content' >f
    run --separate-stderr limited bash -c 'cat f | zc-tee one >&-'
    ((status == 1))
    [ "$stderr" = "zc-tee: 'standard output': Bad file descriptor" ]
    same f one
}

@test "standard input closed: read error, and no file takes its number" {
    run --separate-stderr limited bash -c 'zc-tee one <&- >out'
    fails_with "zc-tee: read error: Bad file descriptor"
    [ ! -s one ]
}

@test "forty files are complete" {
    make_file f 3000000
    cat f | limited zc-tee file{1..40} >out
    same f out file{1..40}
}

@test "the same file twice is complete" {
    make_file f 3000000
    cat f | limited zc-tee one one >out
    same f one out
    limited zc-tee one ./one <f >out
    same f one out
}

@test "a directory on standard input: read error: Is a directory" {
    run --separate-stderr limited bash -c 'zc-tee one <. >out'
    fails_with "zc-tee: read error: Is a directory"
    [ ! -s one ]
}

@test "a lone - is a file of that name" {
    printf typed | limited zc-tee - >out
    [ "$(cat ./-)" = typed ]
    [ "$(cat out)" = typed ]
}

@test "appending to the file it reads is refused, the other outputs are complete" {
    printf content >f
    run --separate-stderr limited bash -c 'zc-tee -a f one <f >out'
    fails_with "zc-tee: f: input file is output file"
    printf content >expected
    same expected f one out
}

@test "names are quoted in messages" {
    run --separate-stderr limited bash -c 'zc-tee "no such/file" $'"'a\\nb/c'"' </dev/null'
    fails_with "zc-tee: 'no such/file': No such file or directory
zc-tee: 'a'\$'\\n''b/c': No such file or directory"
}

@test "standard input that somebody made non-blocking is waited for" {
    mkfifo in
    start_shell 'exec onto stdin-nonblock -- zc-tee one <in >out'
    stream make 2000000 1 5000 >in
    finished "$started_pid"
    stream check 2000000 <out
    same one out
}

@test "standard output that somebody made non-blocking is waited for" {
    make_file f 9000000
    mkfifo out
    start_shell 'cat f | onto stdout-nonblock -- zc-tee one >out'
    exec 9<out
    until_true sleeps
    cat <&9 >copy
    exec 9<&-
    finished "$started_pid"
    same f one copy
}

@test "an unknown option: exit 1, where to look, and no file is made" {
    run --separate-stderr limited zc-tee --nosuch file
    ((status == 1))
    [[ $stderr == zc-tee:*nosuch*$'\n'"Try 'zc-tee --help' for more information." ]]
    [ ! -e file ]
}

@test "--help to a full device is a write error" {
    run --separate-stderr limited bash -c 'zc-tee --help >/dev/full'
    fails_with "zc-tee: write error: No space left on device"
}

@test "called through a link it says the link's name" {
    ln -s "$(command -v zc-tee)" tee
    run --separate-stderr limited bash -c './tee nosuch/x </dev/null'
    fails_with "tee: nosuch/x: No such file or directory"
}

@test "--explain: the bytes go by tee(2), and to the last at the head by splice" {
    make_file f 9000000
    cat f | limited zc-tee --explain one 2>said | cat >out
    same f one out
    local sink
    for sink in 'standard output (pipe)' 'one (regular file)'; do
        grep -F -- "-> $sink: " said >line
        grep -Eq '^zc-tee: standard input \(pipe\) -> .*: (tee|carrier), ' line
    done
    grep -q ' bytes by tee' said
    [ "$(grep -c '^zc-tee: ' said)" -eq 2 ]
}
