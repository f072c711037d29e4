# zc-tee --to: sockets, programs, whoever connects; and sinks that do not keep up.
load helpers

setup() { set_up; }
teardown() { clean_up; }

@test "an operand is a path, whatever it looks like" {
    printf text | limited zc-tee EXEC:false TCP:h:1 --no-stdout
    [ "$(cat EXEC:false)" = text ]
    [ "$(cat TCP:h:1)" = text ]
}

@test "every kind of address gets every byte" {
    make_file f 5000000
    mkfifo fifo
    start_peer tcp tcp-listen expect=5000000 end
    local tcp=$peer_pid port=$peer_port
    start_peer unix unix-listen:sock expect=5000000 end
    local unix=$peer_pid
    start_shell 'cat fifo >from_fifo'
    local reader=$started_pid
    cat f | limited zc-tee copy --to "TCP:127.0.0.1:$port" --to UNIX-CONNECT:sock --to PIPE:fifo \
        --to OPEN:opened,creat --to 'SYSTEM:cat >from_shell' --to "EXEC:dd of=from_program status=none" \
        --to FD:5 5>from_fd >out
    finished "$tcp"
    finished "$unix"
    finished "$reader"
    same f copy out opened from_fifo from_shell from_program from_fd
}

@test "a program's status counts, and its digest is there when zc-tee ends" {
    make_file f 3000000
    run --separate-stderr limited bash -c \
        'cat f | zc-tee --no-stdout --to "SYSTEM:sha256sum >sum; exit 3" --to "SYSTEM:cat >copy"'
    fails_with "zc-tee: SYSTEM:sha256sum >sum; exit 3: exit status 3"
    [ "$(sha256sum <f)" = "$(cat sum)" ]
    same f copy
}

@test "a program that leaves early is told with its bytes; the others are complete" {
    make_file f 9000000
    run --separate-stderr limited bash -c 'cat f | zc-tee one --to "EXEC:head -c 1" >out'
    ((status == 1))
    [[ $stderr =~ ^"zc-tee: EXEC:head -c 1: Broken pipe (after "[0-9]+" bytes)"$ ]]
    same f one out || same f one
    run --separate-stderr limited bash -c 'cat f | zc-tee -p one --no-stdout --to "SYSTEM:head -c 1 >first"'
    succeeds
    same f one
}

@test "a connection that is reset is told with its bytes; the others are complete" {
    make_file f 9000000
    start_peer reset tcp-listen expect=100000 reset
    run --separate-stderr limited bash -c "cat f | zc-tee one --to TCP:127.0.0.1:$peer_port >out"
    ((status == 1))
    [[ $stderr =~ ^"zc-tee: TCP:127.0.0.1:$peer_port: "(Connection reset by peer|Broken pipe)" (after "[0-9]+" bytes)"$ ]]
    same f one out
}

@test "an address that leads nowhere is told, the others are complete" {
    make_file f 3000000
    run --separate-stderr limited bash -c 'zc-tee one --to TCP:127.0.0.1:1 --to NOSUCH:1 <f >out'
    ((status == 1))
    [[ $stderr == "zc-tee: TCP:127.0.0.1:1: Connection refused"*$'\n'"zc-tee: NOSUCH:1: "* ]]
    same f one out
}

@test "a listener takes one reader before anything is read" {
    make_file f 3000000
    start zc-tee --no-stdout one --to UNIX-LISTEN:sock <f
    local tee=$started_pid
    until_true test -S sock
    start peer unix:sock expect=3000000 end
    finished "$started_pid"
    finished "$tee"
    same f one
}

@test "with fork whoever connects joins, and leaves, and nobody minds" {
    mkfifo in
    start_shell 'exec zc-tee one --no-stdout --to UNIX-LISTEN:sock,fork <in'
    local tee=$started_pid
    exec 8>in
    until_true test -S sock
    printf 'before\n' >&8
    until_true test -s one
    start peer unix:sock mark=first hear=$'between\n' 8>&-
    local first=$started_pid
    until_true test -e first
    start peer unix:sock mark=second hear=$'between\n' hear=$'after\n' end 8>&-
    local second=$started_pid
    until_true test -e second
    until_true joined 2 "$tee"
    printf 'between\n' >&8
    finished "$first"
    printf 'after\n' >&8
    exec 8>&-
    finished "$second"
    finished "$tee"
    [ "$(cat one)" = $'before\nbetween\nafter' ]
    [ ! -e sock ]
}
# joined N PID: that many connections are open beside the listener.
joined() {
    local pid
    pid=$(pgrep -n -x zc-tee -g "$2") && (($(find "/proc/$pid/fd" -lname 'socket:*' | wc -l) > $1))
}

@test "drop: a full sink misses whole chunks, is told how much, and holds nobody up" {
    make_file f 9000000
    mkfifo slow
    exec 7<>slow
    run --separate-stderr limited bash -c \
        'cat f | zc-tee one --slow-after=0.1 --to PIPE:slow,slow=drop >out; echo $?'
    [ "$output" = 0 ]
    [[ $stderr =~ ^"zc-tee: "[^:]*:?slow": missed "[0-9]+" bytes"$ ]]
    local missed=${stderr##*missed }
    missed=${missed% bytes}
    same f one out
    limited head -c $((9000000 - missed)) <&7 >got
    exec 7<&-
    # What it got is the beginning, up to where it was full.
    ((missed > 0 && missed < 9000000))
    cmp -n "$(stat -c %s got)" got f
}

@test "detach: a sink that takes nothing is told and left behind" {
    make_file f 9000000
    mkfifo slow
    exec 7<>slow
    run --separate-stderr limited bash -c \
        'cat f | zc-tee one --slow=detach --slow-after=0.2 slow >out'
    exec 7<&-
    ((status == 1))
    [[ $stderr =~ ^"zc-tee: slow: took nothing for 0.2 s (after "[0-9]+" bytes)"$ ]]
    same f one out
}

@test "buffer: the others are complete while one has read nothing" {
    make_file f 9000000
    mkfifo slow
    start_shell 'cat f | zc-tee one --to PIPE:slow,buffer=16M >out'
    exec 7<>slow
    until_true same f one
    until_true same f out
    limited head -c 9000000 <&7 >got
    exec 7<&-
    finished "$started_pid"
    same f got
}

@test "four sinks of very different speed get 64 MiB, byte for byte" {
    mkfifo crumbs blocks
    start_shell 'dd bs=512 status=none <crumbs | stream check 67108864'
    local crumbs=$started_pid
    start_shell 'dd bs=64K status=none <blocks | stream check 67108864'
    local blocks=$started_pid
    start_peer narrow --rcvbuf 4096 tcp-listen expect=67108864 end
    stream make 67108864 | limited zc-tee --no-stdout crumbs blocks copy --to "TCP:127.0.0.1:$peer_port"
    finished "$crumbs"
    finished "$blocks"
    finished "$peer_pid"
    stream check 67108864 <copy
}

@test "what is no policy is refused" {
    run --separate-stderr limited bash -c 'zc-tee --slow=never </dev/null'
    ((status == 1))
    [[ $stderr == *"must be block, detach or drop"*"Try 'zc-tee --help'"* ]]
    run --separate-stderr limited bash -c 'zc-tee --to OPEN:f,creat,slow=never </dev/null'
    fails_with "zc-tee: slow=never: must be block, detach or drop"
    run --separate-stderr limited bash -c 'zc-tee --to OPEN:f,creat,buffer=x </dev/null'
    fails_with "zc-tee: buffer=x: is no size"
    [ ! -e f ]
}

@test "a file that is the input is refused and keeps its content" {
    make_file f 100000
    cp f kept
    run --separate-stderr limited bash -c 'zc-tee f one <f >out'
    fails_with "zc-tee: f: input file is output file"
    same kept f one out
}

@test "the camera: recorded, forwarded, and watched by whom nobody waits for" {
    mkfifo watcher
    exec 7<>watcher
    start_peer client tcp-listen expect=20000000 end
    stream make 20000000 | limited zc-tee --no-stdout recording --to "TCP:127.0.0.1:$peer_port" \
        --to PIPE:watcher,slow=drop --slow-after=0.1 2>said
    exec 7<&-
    finished "$peer_pid"
    stream check 20000000 <recording
    says missed said
}
