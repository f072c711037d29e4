# The programs of examples/, which use nothing but the public headers and the archive.
load helpers

setup() {
    set_up
    PATH=${ZC_EXAMPLES:-$ZC_ROOT/build/release/examples}:$PATH
}
teardown() { clean_up; }

# start_example NAME ARGUMENT ...: one that prints where it listens; the port is in $port.
start_example() {
    start_shell "exec $* >listening"
    until_true test -s listening
    port=$(sed 's/.*://' listening)
}
# Asks through the port what a server that answers with its question gives.
answers() {
    stream make 3000000 7 >question
    zc-relay -t 30 - "TCP:127.0.0.1:$port" <question >answer
    same question answer
}

@test "proxy: both ways, for several clients, with half-closes" {
    start_relay TCP-LISTEN:0,fork,bind=127.0.0.1 EXEC:cat
    local far=$port
    start_example proxy TCP-LISTEN:0,bind=127.0.0.1 "TCP:127.0.0.1:$far"
    answers
    answers
}

@test "asio-relay: both ways, for several clients, with half-closes" {
    command -v asio-relay >/dev/null || skip "built without asio"
    start_relay TCP-LISTEN:0,fork,bind=127.0.0.1 EXEC:cat
    start_example asio-relay 0 "$port"
    answers
    answers
}

@test "camera: the client and the recording get every byte; a client that leaves changes nothing" {
    stream make 5000000 | camera recording | stream check 5000000
    stream check 5000000 <recording
    stream make 5000000 | camera recording 2>said | head -c 10 >/dev/null
    stream check 5000000 <recording
    run --separate-stderr camera no/recording </dev/null
    fails_with "camera: cannot open"
}

@test "checksum-while-sending: the file, and its FNV-1a" {
    printf foobar >f
    run --separate-stderr checksum-while-sending <f
    [[ $status -eq 0 && $output == foobar && $stderr == 85944171f73967e8 ]]
    stream make 9000000 >f
    checksum-while-sending <f 2>sum | stream check 9000000
    run --separate-stderr bash -c 'checksum-while-sending <f >/dev/full'
    fails_with "checksum-while-sending: No space left on device"
}

@test "epoll-relay: files, pipes and sockets" {
    stream make 9000000 >f
    epoll-relay <f | stream check 9000000
    stream make 9000000 | epoll-relay >copy
    same f copy
    onto stdin-socketpair=f -- epoll-relay | stream check 9000000
    run --separate-stderr bash -c 'epoll-relay <f >/dev/full'
    fails_with "epoll-relay: No space left on device"
}
