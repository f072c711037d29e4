# zc-cat: what goes in comes out, byte for byte, between every two kinds of ends.
load helpers

setup() { set_up; }
teardown() { clean_up; }

# Around the sizes at which zc-cat changes its method: 64 KiB (a pipe is worth its
# making), 1 MiB (a pipe's room), 8 MiB (a file's pages are handed out).
sizes="0 1 4095 4096 4097 65535 65536 65537 131072 131073 1048575 1048576 1048577
    8388607 8388608 8388609 20000003"

# Each size through the command that `through` holds, which reads f and writes copy.
each_size() {
    local size
    for size in $sizes; do
        make_file f "$size"
        rm -f copy
        limited bash -o pipefail -c "$through" || { echo "size $size"; return 1; }
        same f copy || { echo "size $size"; return 1; }
    done
}

@test "every size: file to file" {
    through='zc-cat f >copy' each_size
}

@test "every size: file to pipe" {
    through='zc-cat f | cat >copy' each_size
}

@test "every size: pipe to file" {
    through='cat f | zc-cat >copy' each_size
}

@test "every size: pipe to pipe" {
    through='cat f | zc-cat | cat >copy' each_size
}

@test "every size: three of them in a row" {
    through='zc-cat f | zc-cat | zc-cat >copy' each_size
}

@test "every size: appended to what is there" {
    local size
    for size in $sizes; do
        make_file f "$size"
        printf first >copy
        printf first | cat - f >expected
        limited zc-cat f >>copy
        same expected copy
    done
}

@test "every size: from a UNIX socket" {
    through='onto stdin-socketpair=f -- zc-cat >copy' each_size
}

@test "every size: --zero-copy=always and never give the same bytes" {
    through='zc-cat --zero-copy=always f | cat >copy' each_size
    through='zc-cat --zero-copy=never f | cat >copy' each_size
}

@test "a pipe filled one byte a time" {
    stream make 3000 1 1 | limited zc-cat | stream check 3000
}

@test "a pipe filled in pieces that fit no page" {
    stream make 5000001 1 4097 | limited zc-cat | stream check 5000001
}

@test "one GiB from pipe to pipe" {
    stream make 1073741824 7 | limited zc-cat | stream check 1073741824 7
}

@test "a sparse file larger than 2 GiB keeps its length" {
    truncate -s 2200000000 f
    printf end >>f
    limited zc-cat f | tail -c 3 >tail
    [ "$(cat tail)" = end ]
    [ "$(limited zc-cat f | wc -c)" -eq 2200000003 ]
}

@test "many operands share one set of pipes and come out whole" {
    local i
    for i in {1..300}; do make_file "f$i" $((i * 700)) "$i"; done
    cat f{1..300} >expected
    limited zc-cat f{1..300} >copy
    limited zc-cat f{1..300} | cat >piped
    same expected copy piped
}

@test "small and large operands in turn" {
    printf small >s; make_file l 9000000; : >empty
    cat s l empty s l l s >expected
    limited zc-cat s l empty s l l s | cat >piped
    same expected piped
}

@test "a FIFO is read to its end" {
    mkfifo fifo
    make_file f 3000000
    start_shell "cat f >fifo"
    limited zc-cat fifo >copy
    finished "$started_pid"
    same f copy
}

@test "a FIFO behind a symbolic link" {
    mkfifo fifo
    ln -s fifo link
    make_file f 100000
    start_shell "cat f >fifo"
    limited zc-cat link >copy
    same f copy
}

@test "what has come is delivered before more is asked for" {
    mkfifo question answer
    start_shell 'exec zc-cat <question >answer'
    exec 8>question 9<answer
    local i line
    for i in {1..50}; do
        echo "line $i" >&8
        read -r -t 10 -u 9 line
        [ "$line" = "line $i" ]
    done
    exec 8>&-
    finished "$started_pid"
}

@test "files of /proc, whose size is a lie" {
    limited zc-cat /proc/self/maps >maps
    grep -q zc-cat maps
    limited zc-cat /proc/cpuinfo | cat >piped
    grep -q processor piped
}

@test "a file of /sys" {
    [[ -r /sys/kernel/mm/transparent_hugepage/enabled ]] || skip "no /sys here"
    run --separate-stderr limited zc-cat /sys/kernel/mm/transparent_hugepage/enabled /proc/sys/fs/pipe-max-size
    succeeds
    [ "$output" = "$(cat /sys/kernel/mm/transparent_hugepage/enabled /proc/sys/fs/pipe-max-size)" ]
}

@test "/dev/null is empty, also as input" {
    run --separate-stderr limited zc-cat /dev/null
    succeeds
    [ -z "$output" ]
    limited zc-cat </dev/null >copy
    [ ! -s copy ]
}

@test "/dev/zero goes on for as long as somebody reads" {
    [ "$(limited zc-cat /dev/zero | head -c 5000000 | tr -d '\0' | wc -c)" -eq 0 ]
    [ "$(limited zc-cat /dev/zero | head -c 5000000 | wc -c)" -eq 5000000 ]
}

@test "the offset of standard input is where the next reader goes on" {
    make_file f 300000
    limited bash -c '(zc-cat >/dev/null; cat >rest) <f'
    [ ! -s rest ]
    limited bash -c '(zc-cat >copy; printf more >>f; cat >rest) <f'
    [ "$(cat rest)" = more ]
}

@test "a file on standard input is read from its offset on" {
    make_file f 9000000
    tail -c +1048577 f >expected
    limited bash -c '(dd of=/dev/null bs=1M count=1 status=none; zc-cat >copy) <f'
    same expected copy
    limited bash -c '(dd of=/dev/null bs=1M count=1 status=none; zc-cat | cat >copy) <f'
    same expected copy
}

@test "what was written before stays in front" {
    make_file f 300000
    (echo first; cat f; echo last) >expected
    limited bash -c '(echo first; zc-cat f; echo last) >copy'
    limited bash -c '(echo first; zc-cat f; echo last) | cat >piped'
    same expected copy piped
}

@test "a larger file under the output is written over, not cut" {
    make_file f 100000
    make_file copy 200000 9
    (cat f; tail -c 100000 copy) >expected
    limited zc-cat f 1<>copy
    same expected copy
}

@test "a reader that leaves ends zc-cat by SIGPIPE, silently" {
    make_file f 9000000
    for source in "zc-cat f" "zc-cat /dev/zero" "cat /dev/zero | zc-cat"; do
        run --separate-stderr limited bash -c "$source | head -c 1 >head; echo \${PIPESTATUS[-2]}"
        succeeds
        [ "$output" = 141 ]
    done
}

@test "a reader that leaves, with SIGPIPE ignored: Broken pipe, exit 1" {
    make_file f 9000000
    for source in "zc-cat f" "zc-cat /dev/zero"; do
        run --separate-stderr limited bash -c \
            "onto sigpipe-ignored -- $source | head -c 1 >head; exit \${PIPESTATUS[0]}"
        fails_with "zc-cat: write error: Broken pipe"
    done
}

@test "standard input that somebody made non-blocking is waited for" {
    mkfifo in
    start_shell "exec onto stdin-nonblock -- zc-cat <in >copy"
    stream make 2000000 1 5000 >in
    finished "$started_pid"
    stream check 2000000 <copy
}

# Whether the zc-cat of $started_pid sleeps: with a full pipe nothing else is left to it.
zc_cat_pid() { pgrep -n -x zc-cat -g "$started_pid"; }
sleeps() {
    local pid
    pid=$(zc_cat_pid) && grep -q '^State:.S' "/proc/$pid/status"
}

@test "standard output that somebody made non-blocking is waited for" {
    make_file f 9000000
    mkfifo out
    for source in "zc-cat f" "zc-cat --zero-copy=never f" "cat f | zc-cat"; do
        start_shell "onto stdout-nonblock -- bash -o pipefail -c '$source' >out"
        exec 9<out
        until_true sleeps # and nobody reads: it has been refused
        cat <&9 >copy
        exec 9<&-
        finished "$started_pid"
        same f copy
    done
}

# flags_of FD: the flags of a descriptor's description, as /proc tells them.
flags_of() { sed -n 's/^flags:\s*//p' "/proc/$BASHPID/fdinfo/$1"; }

@test "the flags of a descriptor we did not open are left alone" {
    make_file f 3000000
    mkfifo in out
    exec 8<>in 9<>out
    flags_of 8 >before_in
    flags_of 9 >before_out
    start_shell 'exec zc-cat <&8 >&9'
    local reader
    start_shell 'head -c 3000000 <&9 >copy'
    reader=$started_pid
    limited cat f >&8
    finished "$reader"
    flags_of 8 >after_in
    flags_of 9 >after_out
    same f copy
    same before_in after_in
    same before_out after_out
}

@test "stopped and continued it loses nothing" {
    mkfifo in
    start_shell 'exec zc-cat <in >copy'
    exec 8>in
    stream make 300000 >&8
    local pid
    pid=$(zc_cat_pid)
    kill -STOP "$pid"
    until_true grep -q '^State:.T' "/proc/$pid/status"
    kill -CONT "$pid"
    make_file more 300000 2
    cat more >&8
    exec 8>&-
    finished "$started_pid"
    stream make 300000 | cat - more >expected
    same expected copy
}

@test "a terminal's input comes out, up to ^D" {
    printf 'typed\n\004' >keys
    run --separate-stderr limited script -qefc 'stty -echo; zc-cat >copy' /dev/null <keys
    ((status == 0))
    [ "$(cat copy)" = typed ]
}

@test "a terminal is written to" {
    seq 1 20000 >f
    limited script -qefc 'stty -onlcr; zc-cat f' /dev/null >copy </dev/null
    same f copy
}

@test "--explain names the kinds and the method, on standard error" {
    make_file f 20000000
    limited zc-cat --explain f 2>said | cat >copy
    same f copy
    grep -q '^zc-cat: f (.*) -> .*standard output.* (pipe): carrier, .* bytes by carrier' said
}
