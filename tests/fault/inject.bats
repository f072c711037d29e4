# A system call that fails at the first, the second or the tenth time, once or
# from then on, loses no byte in any of the three programs.
load ../cli/helpers

setup() {
    set_up
    # The leak checker cannot work under another tracer.
    export ASAN_OPTIONS=detect_leaks=0
    bytes=20000003
}
teardown() { clean_up; }

# ---- scenarios: $traced stands before the program; each sends $bytes and checks them

# Enough of everything: more than ten times what one call moves.
cat_pipes() { stream make $bytes | limited "${traced[@]}" zc-cat | stream check $bytes; }
cat_file_to_pipe() {
    [[ -e f ]] || make_file f 30000000
    limited "${traced[@]}" zc-cat f | stream check 30000000
}
cat_socket_to_pipe() {
    [[ -e s ]] || make_file s $bytes
    limited onto stdin-socketpair=s -- "${traced[@]}" zc-cat | stream check $bytes
}
cat_pipe_to_file() {
    stream make $bytes | limited "${traced[@]}" zc-cat >copy && stream check $bytes <copy
}
cat_files_to_file() {
    local i
    for i in {1..12}; do [[ -e part$i ]] || make_file "part$i" 300000 "$i"; done
    [[ -e whole ]] || cat part{1..12} >whole
    rm -f copy
    limited "${traced[@]}" zc-cat part{1..12} >copy && same whole copy
}
tee_pipes() {
    stream make $bytes | limited "${traced[@]}" zc-tee one /dev/null two | stream check $bytes &&
        stream check $bytes <one && same one two
}
# What reads and writes most: nothing is spliced.
cat_copying() {
    stream make $bytes | limited "${traced[@]}" zc-cat --zero-copy=never | stream check $bytes
}
tee_copying() {
    stream make $bytes | limited "${traced[@]}" zc-tee --zero-copy=never one | stream check $bytes &&
        stream check $bytes <one
}
tee_file() {
    [[ -e s ]] || make_file s $bytes
    limited "${traced[@]}" zc-tee --zero-copy=always one <s | stream check $bytes && same s one
}
# Under a lease: pages to pipes and devices, extents to the file.
tee_leased() {
    [[ -e s ]] || make_file s $bytes
    limited "${traced[@]}" zc-tee one /dev/null <s | stream check $bytes && same s one
}
relay_pipes() {
    stream make $bytes | limited "${traced[@]}" zc-relay -u - STDOUT | stream check $bytes
}
relay_tcp() {
    start_peer server tcp-listen "duplex=$bytes,2,$bytes,1"
    local server=$peer_pid
    under=("${traced[@]}")
    start_relay TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" "duplex=$bytes,1,$bytes,2" && finished "$server" &&
        finished "$relay" && rm server.ready relay.log
}
relay_camera() {
    start_peer camera unix-listen:camera "send=$bytes" shut
    under=("${traced[@]}")
    rm -f recording
    start_relay -U -R recording TCP-LISTEN:0 UNIX-CONNECT:camera
    limited peer "tcp:$port" "expect=$bytes" end && finished "$relay" &&
        stream check $bytes <recording && rm camera camera.ready relay.log
}
relay_clients() {
    local i
    start_peer echo --count 6 tcp-listen mirror
    under=("${traced[@]}")
    start_relay TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    for i in {1..6}; do limited peer "tcp:$port" duplex=3000000,1,3000000,1 || return 1; done
    kill "$relay"
    finished "$relay" any # strace ends as it likes
    finished "$peer_pid" && rm echo.ready relay.log
}

# survives SCENARIO CALL ERROR WHEN ...: the scenario is whole with the call failing so.
survives() {
    local scenario=$1 call=$2 error=$3 when
    shift 3
    for when; do
        rm -f trace
        traced=(strace -f -qq -o trace -e "trace=$call" -e "inject=$call:error=$error:when=$when" --)
        "$scenario" || { echo "$scenario: $call $error when=$when"; return 1; }
        grep -q 'INJECTED' trace || { echo "$scenario: $call was not called so often: when=$when"; return 1; }
    done
}

once="1 2 10"
always="1 2 10 1+ 2+ 10+"

# shellcheck disable=SC2086 # lists of words
refused_everywhere() { # CALL ERROR SCENARIO ...
    local call=$1 error=$2 scenario
    shift 2
    for scenario; do survives "$scenario" "$call" "$error" $always; done
}

@test "splice: EINVAL, zc-cat between pipes" { refused_everywhere splice EINVAL cat_pipes; }
@test "splice: EINVAL, zc-cat from a file to a pipe" { refused_everywhere splice EINVAL cat_file_to_pipe; }
@test "splice: EINVAL, zc-cat from a socket to a pipe" { refused_everywhere splice EINVAL cat_socket_to_pipe; }
@test "splice: EINVAL, zc-cat from a pipe to a file" { refused_everywhere splice EINVAL cat_pipe_to_file; }
@test "splice: EINVAL, zc-tee" { refused_everywhere splice EINVAL tee_pipes tee_file tee_leased; }
@test "splice: EINVAL, zc-relay between pipes" { refused_everywhere splice EINVAL relay_pipes; }
@test "splice: EINVAL, zc-relay between sockets, both ways" { refused_everywhere splice EINVAL relay_tcp; }
@test "splice: EINVAL, zc-relay that records" { refused_everywhere splice EINVAL relay_camera; }

@test "splice: EPERM, zc-cat" { refused_everywhere splice EPERM cat_pipes cat_file_to_pipe cat_socket_to_pipe; }
@test "splice: EPERM, zc-tee" { refused_everywhere splice EPERM tee_pipes; }
@test "splice: EPERM, zc-relay" { refused_everywhere splice EPERM relay_tcp relay_camera; }
@test "splice: ENOSYS, as in an old sandbox, all three" { refused_everywhere splice ENOSYS cat_pipes tee_pipes relay_tcp; }

@test "tee: EINVAL, zc-tee" { refused_everywhere tee EINVAL tee_pipes tee_file tee_leased; }
@test "tee: EINVAL, zc-relay that records" { refused_everywhere tee EINVAL relay_camera; }
@test "tee: EPERM, zc-tee and zc-relay" { refused_everywhere tee EPERM tee_pipes relay_camera; }

@test "copy_file_range: EXDEV, EINVAL and ENOSYS, zc-cat" {
    local error
    for error in EXDEV EINVAL ENOSYS; do refused_everywhere copy_file_range "$error" cat_files_to_file; done
}
@test "copy_file_range: EXDEV and EINTR, zc-tee" {
    refused_everywhere copy_file_range EXDEV tee_leased
    survives tee_leased copy_file_range EINTR $once
}
@test "copy_file_range: EBADF and EFBIG, which speak of one end, zc-cat" {
    local error
    for error in EBADF EFBIG; do refused_everywhere copy_file_range "$error" cat_files_to_file; done
}

# UBSan's runtime makes pipes and writes too, to see whether memory may be read, and
# ends the program when it cannot.
needs_own_calls() {
    ! grep -q __ubsan_handle "$(command -v zc-cat)" ||
        skip "the sanitizer's runtime makes these calls itself"
}

@test "pipe2: EMFILE, zc-cat, whose one pipe it is" {
    needs_own_calls
    survives cat_file_to_pipe pipe2 EMFILE 1 1+
    survives cat_socket_to_pipe pipe2 EMFILE 1 1+
    # There is no second one that could fail, however many operands there are.
    make_file big 9000000
    limited strace -f -qq -o trace -e trace=pipe2 -- zc-cat big big big | cat >copy
    [ "$(wc -l <trace)" -eq 1 ]
}
@test "pipe2: EMFILE, zc-tee, whose two pipes they are" {
    needs_own_calls
    survives tee_pipes pipe2 EMFILE 1 2 1+ 2+
}
@test "pipe2: EMFILE, zc-relay with one client after the other" {
    needs_own_calls
    # One client after the other may borrow the same one; strace counts by thread.
    survives relay_clients pipe2 EMFILE 1 1+
}
@test "pipe2: EMFILE, zc-relay that records" {
    needs_own_calls
    survives relay_camera pipe2 EMFILE 1 2 1+ 2+
}

@test "splice: EINTR, all three" {
    local scenario
    for scenario in cat_pipes cat_file_to_pipe cat_socket_to_pipe tee_pipes relay_tcp relay_camera; do
        survives "$scenario" splice EINTR $once
    done
}
@test "tee: EINTR and EAGAIN, zc-tee" {
    survives tee_pipes tee EINTR $once
    survives tee_pipes tee EAGAIN $once
}
# zc-relay is left out: it sleeps until the kernel tells of a change, and after an
# EAGAIN that is a lie there may be none.
@test "splice: EAGAIN, zc-cat and zc-tee" {
    local scenario
    for scenario in cat_pipes cat_file_to_pipe cat_socket_to_pipe tee_pipes; do
        survives "$scenario" splice EAGAIN $once
    done
}
@test "read and write: EINTR, zc-cat and zc-tee" {
    # The first reads are the dynamic linker's, who does not expect it.
    local before
    limited strace -f -qq -o trace -e trace=read -- zc-cat --version
    before=$(wc -l <trace)
    survives cat_copying read EINTR $((before + 1)) $((before + 2)) $((before + 10))
    survives tee_copying read EINTR $((before + 1)) $((before + 2)) $((before + 10))
    survives cat_copying write EINTR $once
    survives tee_copying write EINTR $once
}
@test "write: EAGAIN, zc-tee" {
    needs_own_calls
    survives tee_copying write EAGAIN $once
}

# ---- what is an error stays one

# fails_at WHEN: zc-cat from a socket with the WHENth splice failing for good: told
# once as what it was, and what came before is a prefix of the input. Which side it
# was is in $blamed: the kernel may give in several pieces what was taken in one.
fails_at() {
    make_file s $bytes
    local got=0
    blamed=sink
    limited onto stdin-socketpair=s -- strace -f -qq -o trace -e trace=splice \
        -e "inject=splice:error=EIO:when=$1" -- zc-cat 2>said >copy || got=$?
    [ "$got" -eq 1 ]
    grep -q INJECTED trace
    grep -q 'splice(0, .*INJECTED' trace && blamed=source
    case $blamed in
        source) [ "$(cat said)" = "zc-cat: -: Input/output error" ] ;;
        sink) [ "$(cat said)" = "zc-cat: write error: Input/output error" ] ;;
    esac
    cmp -n "$(stat -c %s copy)" s copy
    [ "$(stat -c %s copy)" -lt $bytes ]
}

@test "splice: EIO while taking is the input's error, while giving a write error" {
    fails_at 1
    [ "$blamed" = source ]
    fails_at 2
    [ "$blamed" = sink ]
    fails_at 9
    fails_at 10
}
@test "read: EIO is the input's error" {
    make_file f 1000000
    run --separate-stderr limited strace -f -qq -o trace -P "$PWD/f" -e trace=read -e inject=read:error=EIO:when=2 -- \
        zc-cat --zero-copy=never "$PWD/f"
    ((status == 1))
    grep -q INJECTED trace
    [[ $stderr == "zc-cat: $PWD/f: Input/output error" ]]
}
@test "splice and write: what is an error is one sink's, the others are complete" {
    local call at got how
    make_file s 20000003 # more calls than the last one that fails, however much each moves
    for call in splice write; do
        how=auto
        [[ $call == splice ]] || how=never
        for at in 1 2 4; do
            got=0
            rm -f one two
            # shellcheck disable=SC2094
            cat s | limited strace -f -qq -o trace -P "$PWD/one" -e "trace=$call" \
                -e "inject=$call:error=EIO:when=$at" -- \
                zc-tee "--zero-copy=$how" "$PWD/one" two \
                2>said >three || got=$?
            grep -q INJECTED trace
            ((got == 1))
            [ "$(cat said)" = "zc-tee: $PWD/one: Input/output error" ]
            same s two three
            cmp -n "$(stat -c %s one)" s one
        done
    done
}
@test "close: a write that is lost shows at the end, and is told" {
    make_file f 1000
    : >copy
    run --separate-stderr limited bash -c 'strace -f -qq -o trace -P "$PWD/copy" -e trace=close -e inject=close:error=EDQUOT -- zc-cat f >copy'
    ((status == 1))
    [[ $stderr == "zc-cat: write error: Disk quota exceeded" ]]
}
