# zc-relay: two streams joined, half-closes, limits, listeners and children.
load helpers

setup() { set_up; }
teardown() { clean_up; }

# ---- the seed's proxy: both directions between two stream sockets

# serve FAMILY STEP ...: a server; its address for zc-relay is in $server.
serve() {
    local family=$1
    shift
    case $family in
        tcp) start_peer server tcp-listen "$@"; server=TCP:127.0.0.1:$peer_port ;;
        unix) start_peer server unix-listen:server "$@"; server=UNIX-CONNECT:server ;;
    esac
    server_pid=$peer_pid
}

# relay_for FAMILY: a relay to $server; its address for a peer is in $door.
relay_for() {
    case $1 in
        tcp) start_relay "${relay_options[@]}" TCP-LISTEN:0 "$server"; door=tcp:$port ;;
        unix) start_relay "${relay_options[@]}" UNIX-LISTEN:door "$server"; door=unix:door ;;
    esac
}
relay_options=()

# proxy CLIENT_FAMILY SERVER_FAMILY BYTES: both send that much at once, then end.
proxy() {
    serve "$2" "duplex=$3,2,$3,1"
    relay_for "$1"
    limited peer "$door" "duplex=$3,1,$3,2"
    finished "$server_pid"
    finished "$relay"
    rm -f server server.ready relay.log
}

proxy_sizes() {
    local size
    for size in 0 1 4096 65536 65537 1000000 20000003; do
        proxy "$1" "$2" "$size" || { echo "size $size"; return 1; }
    done
}

@test "proxy: TCP to TCP, both ways at once, every size" { proxy_sizes tcp tcp; }
@test "proxy: TCP to UNIX, both ways at once, every size" { proxy_sizes tcp unix; }
@test "proxy: UNIX to TCP, both ways at once, every size" { proxy_sizes unix tcp; }
@test "proxy: UNIX to UNIX, both ways at once, every size" { proxy_sizes unix unix; }

@test "proxy: one GiB from TCP to TCP" {
    serve tcp expect=1073741824 end
    relay_for tcp
    limited peer "$door" send=1073741824 shut end
    finished "$server_pid"
    finished "$relay"
}

@test "proxy: --zero-copy=never gives the same bytes" {
    relay_options=(--zero-copy=never)
    proxy tcp unix 3000000
}

@test "proxy: --explain names the carrier for both ways" {
    relay_options=(--explain)
    serve tcp duplex=3000000,2,3000000,1
    relay_for tcp
    limited peer "$door" duplex=3000000,1,3000000,2
    finished "$relay"
    [ "$(grep -c '(TCP socket) -> .*(TCP socket): carrier' relay.log)" -eq 2 ]
}

@test "half-close: an answer that takes 0.8 s comes whole" {
    serve tcp expect=1000 end pause=800 send=5000000,2 shut
    relay_for tcp
    limited peer "$door" send=1000 shut expect=5000000,2 end
    finished "$server_pid"
    finished "$relay"
}

@test "half-close: a client that reads its 5 MB late gets them all" {
    mkfifo gate
    serve tcp expect=1000 end send=5000000,2 shut
    relay_for tcp
    start peer --rcvbuf 4096 "$door" send=1000 shut mark=asked gate=gate expect=5000000,2 end
    local client=$started_pid
    until_true test -e asked
    until_true relay_sleeps
    open_gate
    finished "$client"
    finished "$server_pid"
    finished "$relay"
}
relay_sleeps() {
    local pid
    pid=$(pgrep -n -x zc-relay -g "$relay") && grep -q '^State:.S' "/proc/$pid/status"
}

@test "standard input at its end: a reader who starts late gets all 3 MB" {
    mkfifo gate
    make_file f 3000000
    start_peer late --rcvbuf 4096 tcp-listen gate=gate expect=3000000 end
    local server_pid=$peer_pid
    start_shell "exec zc-relay - TCP:127.0.0.1:$peer_port <f"
    local relay=$started_pid
    until_true relay_sleeps
    open_gate
    finished "$server_pid"
    finished "$relay"
}

@test "the server ends first: the client may go on" {
    serve tcp send=1000,2 shut expect=3000000 end
    relay_for unix
    limited peer "$door" expect=1000,2 end send=3000000 shut
    finished "$server_pid"
    finished "$relay"
}

@test "a connection reset is an error: told, exit 1, and the other side sees it" {
    serve tcp expect=1000 send=5000 reset
    relay_for tcp
    limited peer "$door" send=1000 cut
    finished "$server_pid"
    finished "$relay" 1
    [[ $(last_error relay.log) == "zc-relay E TCP:127.0.0.1:"*": Connection reset by peer" ]]
}

@test "a client that leaves with bytes under way: never exit 0" {
    mkfifo gate
    serve tcp send=9000000,2 shut
    relay_for tcp
    start peer --rcvbuf 4096 "$door" gate=gate reset
    local client=$started_pid
    until_true relay_sleeps
    open_gate
    finished "$client"
    finished "$relay" 1
}

# ---- one direction

@test "-u: from the first to the second, to a file" {
    start_relay -u TCP-LISTEN:0,reuseaddr OPEN:out.bin,creat,trunc
    limited peer "tcp:$port" send=5000000 shut
    finished "$relay"
    stream check 5000000 <out.bin
}

@test "-u: from a file to a socket" {
    make_file in.bin 5000000
    start_peer sink tcp-listen expect=5000000 end
    run --separate-stderr limited zc-relay -u FILE:in.bin "TCP:127.0.0.1:$peer_port"
    succeeds
    finished "$peer_pid"
}

@test "-U: from the second to the first" {
    start_peer source tcp-listen send=5000000 shut
    limited zc-relay -U - "TCP:127.0.0.1:$peer_port" >out
    stream check 5000000 <out
}

@test "-u: what the other way would bring is not read" {
    start_peer talker tcp-listen say=ignored expect=10 end
    make_file f 10
    limited zc-relay -u - "TCP:127.0.0.1:$peer_port" <f >out
    [ ! -s out ]
}

@test "-u: a server that talks and reads late gets everything all the same" {
    mkfifo gate
    make_file f 3000000
    start_peer late --rcvbuf 4096 tcp-listen send=1000,2 gate=gate expect=3000000 end
    local server=$peer_pid
    start zc-relay -u FILE:f "TCP:127.0.0.1:$peer_port"
    local relay=$started_pid
    # It does not close while there is something unread: that would be a reset.
    until_true relay_sleeps
    open_gate
    finished "$server"
    finished "$relay"
}

@test "-u and -U exclude each other" {
    run --separate-stderr limited zc-relay -u -U - -
    ((status == 1))
    [[ $stderr == zc-relay:* ]]
}

@test "standard input to standard output, through a pipe on either side" {
    stream make 5000000 | limited zc-relay -u - - | stream check 5000000
    make_file f 5000000
    limited zc-relay -u STDIN STDOUT <f | stream check 5000000
    limited zc-relay -u FILE:f CREATE:copy
    same f copy
}

@test "readbytes ends after so many bytes" {
    make_file f 5000000
    limited zc-relay -u FILE:f,readbytes=3000000 CREATE:copy
    stream check 3000000 <copy
}

# ---- limits

@test "-t: a half-closed connection on which nothing moves is left" {
    mkfifo gate
    serve tcp expect=1000 end gate=gate
    relay_options=(-t 0.2)
    relay_for tcp
    limited peer "$door" send=1000 shut end
    finished "$relay"
    open_gate
    finished "$server_pid"
}

@test "-t: does not cut an answer that is moving" {
    serve tcp expect=1000 end send=20000000,2 shut
    relay_options=(-t 1)
    relay_for tcp
    limited peer "$door" send=1000 shut expect=20000000,2 end
    finished "$relay"
}

@test "-T: a connection on which nothing moves is left, exit 0" {
    mkfifo gate
    serve tcp expect=1000 gate=gate
    relay_options=(-T 0.2)
    relay_for tcp
    limited peer "$door" send=1000 end
    finished "$relay"
    open_gate
    finished "$server_pid"
}

@test "-T: bytes that nobody takes are an error, not an end" {
    mkfifo gate
    serve tcp gate=gate
    relay_options=(-T 0.3)
    relay_for tcp
    start peer "$door" stuffed gate=gate
    finished "$relay" 1
    grep -q 'bytes are undelivered' relay.log
    open_gate
}

@test "-t10 and -T60: the value may follow at once" {
    stream make 1000 | limited zc-relay -t10 -T60 -u - CREATE:out
    stream check 1000 <out
}

# ---- many clients

@test "fork: twenty clients at once, each gets its own bytes back" {
    start_peer echo --count 20 tcp-listen mirror
    start_relay TCP-LISTEN:0,fork,reuseaddr "TCP:127.0.0.1:$peer_port"
    local clients=() i
    for i in {1..20}; do
        start peer "tcp:$port" "duplex=2000000,$i,2000000,$i"
        clients+=("$started_pid")
    done
    for i in "${clients[@]}"; do finished "$i"; done
    finished "$peer_pid"
    kill "$relay"
    finished "$relay" 143
}

@test "fork: one client after the other, and idle ones disturb nobody" {
    start_peer echo --count 4 unix-listen:echo mirror
    start_relay TCP-LISTEN:0,fork UNIX-CONNECT:echo
    mkfifo gate
    start peer "tcp:$port" say=first hear=first mark=idle gate=gate shut end
    local idle=$started_pid
    until_true test -e idle
    for i in 1 2 3; do limited peer "tcp:$port" "duplex=100000,$i,100000,$i"; done
    open_gate
    finished "$idle"
}

@test "fork: a client whose server refuses does not end the others" {
    closed_port
    start_relay TCP-LISTEN:0,fork "TCP:127.0.0.1:$closed_port"
    limited peer "tcp:$port" cut
    limited peer "tcp:$port" cut
    [ "$(grep -c 'Connection refused' relay.log)" -eq 2 ]
    kill "$relay"
    finished "$relay" 143
}

@test "fork,max-children=1: the second client waits for the first" {
    start_peer echo --count 2 tcp-listen mirror
    start_relay TCP-LISTEN:0,fork,max-children=1 "TCP:127.0.0.1:$peer_port"
    mkfifo gate
    start peer "tcp:$port" say=first hear=first mark=inside gate=gate shut end
    local first=$started_pid
    until_true test -e inside
    start peer "tcp:$port" say=second mark=waiting hear=second mark=served shut end
    local second=$started_pid
    until_true test -e waiting
    [ "$(grep -c 'accepting connection' relay.log)" -eq 1 ]
    [ ! -e served ]
    open_gate
    finished "$first"
    finished "$second"
    [ "$(grep -c 'accepting connection' relay.log)" -eq 2 ]
}

@test "without fork the listener is gone once a client has come" {
    serve tcp mirror
    relay_for tcp
    limited peer "$door" say=only hear=only shut end
    finished "$relay"
    run limited peer "$door" end
    [ "$status" -eq 1 ]
    [[ $output == *"Connection refused"* ]]
}

@test "range: a client from elsewhere is refused, told, and the listener stays" {
    serve tcp mirror
    relay_options=(-d)
    start_relay TCP-LISTEN:0,fork,range=10.0.0.0/8 "$server"
    limited peer "tcp:$port" end
    until_true says ' W refusing connection from .*127.0.0.1:.* not in range' relay.log
    kill "$relay"
    finished "$relay" 143
}

# ---- children

@test "EXEC: the child speaks with the client" {
    start_relay TCP-LISTEN:0,fork EXEC:cat
    for i in 1 2 3; do limited peer "tcp:$port" "duplex=1000000,$i,1000000,$i"; done
}

@test "EXEC: splits words as the grammar says, no shell" {
    run --separate-stderr limited zc-relay -u 'EXEC:printf %s\,%s "a b" $HOME' -
    succeeds
    [ "$output" = 'a b,$HOME' ]
}

@test "SYSTEM: a shell's line, with fork, and the peer in its environment" {
    start_relay TCP-LISTEN:0,fork 'SYSTEM:echo $SOCAT_PEERADDR $ZC_SOCKADDR; cat >&2'
    limited peer "tcp:$port" hear=$'127.0.0.1 127.0.0.1\n' shut end
}

@test "a child's status other than 0 is exit 1" {
    run --separate-stderr limited zc-relay -u EXEC:"sh -c 'exit 3'" -
    ((status == 1))
    [[ $stderr == *EXEC:* ]]
    [ -z "$output" ]
}

@test "a child's status 0 is exit 0, and its output is whole" {
    limited zc-relay -u 'EXEC:stream make 5000000' - >out
    stream check 5000000 <out
    limited zc-relay -u 'SYSTEM:stream make 5000000' CREATE:out2
    same out out2
}

@test "a child that reads is waited for, and its status counts" {
    stream make 5000000 | limited zc-relay -u - 'EXEC:stream check 5000000'
    run --separate-stderr limited zc-relay -u - 'EXEC:stream check 4999999' < <(stream make 5000000)
    ((status == 1))
}

@test "a program that is not there is told by its name" {
    run --separate-stderr limited zc-relay - EXEC:/nosuch/program </dev/null
    ((status == 1))
    [[ $stderr == *"EXEC:/nosuch/program: No such file or directory" ]]
}

# ---- ends by signals, entries, logs, recordings

@test "SIGTERM: exit 143, and the UNIX entry is gone" {
    start_relay UNIX-LISTEN:entry,fork EXEC:cat
    [ -S entry ]
    kill "$relay"
    finished "$relay" 143
    [ ! -e entry ]
}

@test "SIGINT: exit 130, and the UNIX entry is gone" {
    start_relay UNIX-LISTEN:entry EXEC:cat
    kill -INT "$relay"
    finished "$relay" 130
    [ ! -e entry ]
}

@test "SIGTERM in the middle of a connection: exit 143, the child is ended too" {
    start_relay TCP-LISTEN:0,fork 'EXEC:cat'
    mkfifo gate
    start peer "tcp:$port" say=hello hear=hello mark=inside gate=gate drain
    local client=$started_pid
    until_true test -e inside
    local child
    child=$(pgrep -n -x cat -g "$relay")
    kill "$relay"
    finished "$relay" 143
    until_true gone "$child"
    open_gate
    finished "$client" any
}
gone() { ! [[ -e /proc/$1/stat ]] || grep -q '^State:.Z' "/proc/$1/status"; }

@test "the UNIX entry is gone at the end of the one connection" {
    start_relay UNIX-LISTEN:entry EXEC:cat
    limited peer unix:entry duplex=1000,1,1000,1
    finished "$relay"
    [ ! -e entry ]
}

@test "UNIX-LISTEN refuses an entry that is there, and leaves it" {
    printf mine >entry
    run --separate-stderr limited zc-relay UNIX-LISTEN:entry -
    ((status == 1))
    [[ $stderr == *"entry: Address already in use" ]]
    [ "$(cat entry)" = mine ]
}

@test "UNIX-LISTEN,unlink-early takes the place of a stale socket" {
    start_peer stale unix-listen:entry end
    kill -KILL "$(pgrep -n -x peer -g "$peer_pid")"
    finished "$peer_pid" any
    [ -S entry ]
    start_relay UNIX-LISTEN:entry,unlink-early EXEC:cat
    limited peer unix:entry duplex=1000,1,1000,1
    finished "$relay"
}

@test "UNIX-LISTEN,mode=600: the entry has it" {
    start_relay UNIX-LISTEN:entry,mode=600 EXEC:cat
    [ "$(stat -c %a entry)" = 600 ]
}

@test "a port in use is told" {
    start_peer owner tcp-listen end
    run --separate-stderr limited zc-relay "TCP-LISTEN:$peer_port" -
    ((status == 1))
    [[ $stderr == *"TCP-LISTEN:$peer_port: "*"Address already in use" ]]
}

@test "-lf: the log goes to the file, with socat's form of a line" {
    closed_port
    run --separate-stderr limited zc-relay -lf log - "TCP:127.0.0.1:$closed_port" </dev/null
    ((status == 1))
    [ -z "$stderr" ]
    grep -qE '^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} zc-relay\[[0-9]+\] E TCP:127.0.0.1:[0-9]+: Connection refused$' log
}

@test "-r and -R record each direction, whole" {
    serve tcp duplex=3000000,2,4000000,1
    start_relay -r right -R left TCP-LISTEN:0 "$server"
    limited peer "tcp:$port" duplex=4000000,1,3000000,2
    finished "$relay"
    stream check 4000000 1 <right
    stream check 3000000 2 <left
}

@test "ABSTRACT: a name without a file" {
    local name=zc-test-$$-$BATS_TEST_NUMBER
    start_relay "ABSTRACT-LISTEN:$name" EXEC:cat
    stream make 100000 | limited zc-relay - "ABSTRACT-CONNECT:$name" | stream check 100000
    [ ! -e "$name" ]
}
