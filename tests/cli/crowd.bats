# zc-relay: hundreds of sessions at once, each with streams, pauses and half-closes of
# its own; see crowd.cpp. Every byte must come.
load helpers

setup() {
    set_up
    # Two sockets and two pipes a session.
    ulimit -n "$(ulimit -Hn)"
    [[ $(ulimit -n) == unlimited ]] || (($(ulimit -n) >= 4000)) || skip "too few descriptors are allowed"
    relay_options=()
}
teardown() { clean_up; }

# crowd_starts CLIENTS SERVERS ARGUMENT ...: a crowd and a relay between its two sides,
# each tcp or unix; the crowd's number is in $crowd, what it says in said.
crowd_starts() {
    local -A listen=([tcp]=tcp:0 [unix]=unix:servers) \
        door=([tcp]=TCP-LISTEN:0,fork [unix]=UNIX-LISTEN:door,fork)
    local clients=$1 servers=$2 server_port
    shift 2
    mkfifo told
    start crowd --listen "${listen[$servers]}" --ready ready --connect from:told --patience 40 "$@" >said
    crowd=$started_pid
    until_true test -e ready
    read -r server_port <ready
    local -A server=([tcp]=TCP:127.0.0.1:$server_port [unix]=UNIX-CONNECT:servers)
    start_relay "${relay_options[@]}" "${door[$clients]}$damage" "${server[$servers]}"
    local -A connect=([tcp]=tcp:$port [unix]=unix:door)
    timeout 20 bash -c "echo ${connect[$clients]} >told"
}
damage=

# crowds CLIENTS SERVERS ARGUMENT ...: all sessions are right, and the relay lives.
crowds() {
    crowd_starts "$@"
    finished "$crowd" || { cat said; return 1; }
    grep -q '^sessions [0-9]* bytes [0-9]*$' said
    kill "$relay"
    finished "$relay" 143
}

@test "500 sessions from TCP to TCP" { crowds tcp tcp --sessions 500 --seed 1; }
@test "500 sessions from UNIX to UNIX" { crowds unix unix --sessions 500 --seed 2; }
@test "500 sessions from TCP to UNIX" { crowds tcp unix --sessions 500 --seed 3; }

@test "500 sessions that are copied, from TCP to TCP: --zero-copy=never" {
    relay_options=(--zero-copy=never)
    crowds tcp tcp --sessions 500 --seed 4
}
@test "500 sessions that are copied, from UNIX to UNIX: --zero-copy=never" {
    relay_options=(--zero-copy=never)
    crowds unix unix --sessions 500 --seed 5
}

@test "100 sessions, with descriptors for a quarter of them at a time" {
    under=(prlimit --nofile=60:60)
    crowds tcp tcp --sessions 100 --seed 6
    [ "$(grep -c ' E ' relay.log)" -eq 0 ]
    grep -q ' W Too many open files: nobody is let in until' relay.log
}

@test "a stalled client disturbs none of 100 others: TCP" {
    crowds tcp tcp --sessions 101 --stalled 1 --seed 6
}
@test "a stalled client disturbs none of 100 others: UNIX" {
    crowds unix unix --sessions 101 --stalled 1 --seed 7
}
@test "a stalled client disturbs none of 100 others: --zero-copy=never" {
    relay_options=(--zero-copy=never)
    crowds tcp unix --sessions 101 --stalled 1 --seed 8
}

@test "50 idle clients and 5 stalled ones beside 100 others" {
    crowds tcp tcp --sessions 155 --idle 50 --stalled 5 --seed 9
}

@test "a relay that loses the end of a stream is found out" {
    damage=,readbytes=30000
    crowd_starts tcp tcp --sessions 20 --seed 10 --patience 2
    finished "$crowd" 1
    grep -qE '^session [0-9]+ \(lively\) to server: expected [0-9]+ bytes, sent [0-9]+, got 30000, digests differ' said
}
