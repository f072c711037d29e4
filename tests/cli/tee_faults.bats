# What goes wrong with one sink, before the first byte, in the middle and before the
# last one: one line names it and its bytes, the others are complete.
load helpers
load images

setup() { set_up; }
teardown() {
    clean_up
    leave_image
}

bytes=3000001

# staged N: the first N bytes of f; the rest once the sink has failed.
staged() {
    head -c "$1" f
    until_true test -e gone
    tail -c +$(($1 + 1)) f
}

# with_fault N LINE ARGUMENT ...: says the line, if any, and that alone.
with_fault() {
    local after=$1 line=$2 status=0
    shift 2
    staged "$after" | limited zc-tee one "$@" >out 2>said || status=$?
    if [[ -n $line ]]; then
        ((status == 1)) || { echo "$after: status $status"; return 1; }
        [ "$(cat said)" = "zc-tee: $line" ] || { echo "$after:"; cat said; return 1; }
    else
        ((status == 0))
        [ ! -s said ]
    fi
    same f one out
    rm -f gone one out said
}

@test "a program that exits early" {
    local after command
    make_file f $bytes
    for after in 0 1 1500000 $((bytes - 1)); do
        command="SYSTEM:head -c $after >part; exec <&- >&-; touch gone"
        with_fault $after "$command: Broken pipe (after $after bytes)" --to "$command"
        cmp -n $after part f
    done
}

@test "a program that fails when it has everything" {
    make_file f $bytes
    : >gone
    with_fault 0 "SYSTEM:cat >copy; exit 7: exit status 7" --to "SYSTEM:cat >copy; exit 7"
    same f copy
}

@test "a reader that leaves a FIFO, with -p and without" {
    local after
    make_file f $bytes
    mkfifo fifo
    for after in 0 1 1500000 $((bytes - 1)); do
        start_shell "{ head -c $after >part; : ; } <fifo; : >gone"
        with_fault $after "fifo: Broken pipe" --output-error=warn fifo
        finished "$started_pid"
        start_shell "{ head -c $after >part; : ; } <fifo; : >gone"
        with_fault $after "" -p fifo
        finished "$started_pid"
        start_shell "{ head -c $after >part; : ; } <fifo; : >gone"
        with_fault $after "PIPE:fifo: Broken pipe (after $after bytes)" --to PIPE:fifo
        finished "$started_pid"
    done
}

@test "a connection that is reset" {
    local after cause
    make_file f $bytes
    for after in 0 1 1500000 $((bytes - 1)); do
        start_peer "reset$after" tcp-listen "expect=$after" reset
        start_shell "tail --pid=$peer_pid -f /dev/null; : >gone"
        staged "$after" | limited zc-tee one --to "TCP:127.0.0.1:$peer_port" >out 2>said && false
        finished "$started_pid"
        cause=$(sed "s/^zc-tee: TCP:127.0.0.1:$peer_port: //" said)
        # Which of the two a write after a reset says is the kernel's choice.
        # Before the first byte it may be found out when connecting.
        [[ $cause =~ ^(Connection reset by peer|Broken pipe)(" (after $after bytes)")?$ ]] &&
            [[ $after == 0 || $cause == *after* ]] || {
            echo "$after: $cause"
            return 1
        }
        same f one out
        rm -f gone one out said
    done
}

@test "a disk that is full" {
    local after
    ((EUID == 0)) || skip "only root mounts"
    mkdir there
    mount -t tmpfs -o size=8M tmpfs there 2>/dev/null || skip "a tmpfs cannot be mounted"
    make_file f $((4096 * 700 + 1))
    : >gone
    for after in 0 4096 1638400 $((4096 * 700)); do
        rm -f there/*
        head -c $((8388608 - after)) /dev/zero >there/filler
        with_fault 0 "there/copy: No space left on device" there/copy
        (($(stat -c %s there/copy) == after))
        cmp -n $after there/copy f
        : >gone
        rm -f there/copy
        with_fault 0 "there/copy: No space left on device (after $after bytes)" \
            --to OPEN:there/copy,creat
        cmp -n $after there/copy f
        : >gone
    done
}

@test "the file that is read, by every way to name it" {
    make_file f 100000
    ln f linked
    ln -s f symbolic
    cp f kept
    local name
    for name in f ./f linked symbolic; do
        run --separate-stderr limited bash -c "zc-tee $name one <f >out"
        fails_with "zc-tee: $name: input file is output file"
        same kept f one out
        rm one
        run --separate-stderr limited bash -c "zc-tee -a $name one <f >out"
        fails_with "zc-tee: $name: input file is output file"
        same kept f one out
        rm one
    done
}
