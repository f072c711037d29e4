# Options of addresses that change who moves the bytes, where, and how.
load helpers

setup() { set_up; }
teardown() {
    clean_up
    [[ ! -v network ]] || ip netns del "$network"
}

# ---- su

@test "su: a program alone becomes that user" {
    run --separate-stderr limited zc-relay -u EXEC:'id -un',su=nobody STDOUT
    succeeds
    [ "$output" = nobody ]
    # The other child is not concerned.
    run --separate-stderr limited zc-relay -u SYSTEM:'id -un',substuser=nobody SYSTEM:'cat >&2; id -un >&2'
    [ "$status" -eq 0 ]
    [ "$stderr" = $'nobody\nroot' ]
}

@test "su: a listener listens as root, and then the whole relay is that user" {
    start_relay UNIX-LISTEN:door,su=nobody,fork STDOUT
    local status
    for status in "/proc/$(program_of "$relay")"/task/*/status; do
        grep -q $'^Uid:\t65534\t65534\t65534\t65534$' "$status"
        grep -q $'^Groups:\t65534 $' "$status"
    done
    [ -S door ]
}

@test "su: what is opened later belongs to that user" {
    chmod 777 .
    echo text >in
    run --separate-stderr limited zc-relay -u OPEN:in,su=nobody CREATE:out
    succeeds
    [ "$(stat -c %U out)" = nobody ]
    cmp in out
}

@test "su: asked for a second time it is nothing new" {
    echo text >in
    run --separate-stderr limited zc-relay -u OPEN:in,su=nobody SYSTEM:'cat >&2',su=nobody
    [ "$status" -eq 0 ]
    [ "$stderr" = text ]
}

@test "su: there is no way back" {
    run --separate-stderr limited zc-relay -u OPEN:/dev/null,su=nobody OPEN:/dev/null,su=root
    [ "$status" -eq 1 ]
    [[ $stderr == *'su=root: Operation not permitted' ]]
    run --separate-stderr limited zc-relay -u OPEN:/dev/null,su=nobody EXEC:cat,su=root
    [ "$status" -eq 1 ]
    [[ $stderr == *'su=root: Operation not permitted' ]]
}

@test "su: a user nobody knows is told, and nothing is opened" {
    run --separate-stderr limited zc-relay -u CREATE:f,su=no-such-user STDOUT
    [ "$status" -eq 1 ]
    [[ $stderr == *' f: option "su": "no-such-user" is not known here' ]]
    [ ! -e f ]
    # Also not with a connection that would fail, and be tried for ever.
    run --separate-stderr limited zc-relay -u /dev/null TCP:127.0.0.1:1,su=no-such-user,forever
    [ "$status" -eq 1 ]
    [[ $stderr == *' TCP:127.0.0.1:1: option "su": "no-such-user" is not known here' ]]
}

@test "su: a relay that connects is that user once it is connected" {
    start_peer server tcp-listen hear=text end
    echo 'until grep -q "^Uid:.65534" /proc/$PPID/status; do sleep 0.01; done; printf text' >wait
    run --separate-stderr limited zc-relay -u EXEC:'sh wait' TCP:127.0.0.1:"$peer_port",su=nobody
    succeeds
    finished "$peer_pid"
}

# ---- netns

@test "netns: a relay leads into another network" {
    ip netns add "zc-test-$$" 2>/dev/null || skip "no network namespace can be made here"
    network=zc-test-$$
    ip -n "$network" link set lo up
    start_relay -u TCP-LISTEN:0,bind=127.0.0.1,netns="$network" STDOUT >out
    run --separate-stderr limited zc-relay -u SYSTEM:'echo lost' TCP:127.0.0.1:"$port"
    ip netns pids "$network" >pids
    echo found | limited zc-relay -u STDIN TCP:127.0.0.1:"$port",netns="$network"
    finished "$relay"
    [ "$status" -eq 1 ]
    [ ! -s pids ] # the relay itself is not there
    [ "$(cat out)" = found ]
}

@test "netns: a network that is not there is named" {
    run --separate-stderr limited zc-relay TCP-LISTEN:0,netns=zc-no-such STDOUT
    [ "$status" -eq 1 ]
    [[ $stderr == *' netns=zc-no-such: No such file or directory' ]]
}

# ---- sigint

@test "sigint: the program gets it, and the relay goes on until the program ends" {
    cat >script <<'END'
trap 'echo interrupted; exit 3' INT
echo ready
while :; do sleep 0.01; done
END
    start zc-relay -u EXEC:'sh script',sigint CREATE:out 2>errors
    until_true says ready out
    kill -INT "$(program_of "$started_pid")"
    finished "$started_pid" 1
    [ "$(cat out)" = $'ready\ninterrupted' ]
    [[ $(last_error errors) == *'EXEC:sh script: exit status 3' ]]
}

@test "sigint: without it SIGINT ends the relay" {
    start zc-relay -u SYSTEM:'echo ready; sleep 1000' CREATE:out
    until_true says ready out
    kill -INT "$(program_of "$started_pid")"
    finished "$started_pid" 130
}

# ---- nofork

@test "nofork: each program has its connection itself" {
    # How many TCP connections have the number of its standard input.
    start_relay TCP-LISTEN:0,bind=127.0.0.1,fork \
        SYSTEM:'grep -cw $(stat -L -c %i /proc/self/fd/0) /proc/net/tcp; cat',nofork
    local client
    for client in one two; do
        echo "$client" | limited zc-relay STDIO TCP:127.0.0.1:"$port" >out
        [ "$(cat out)" = $'1\n'"$client" ]
    done
}

@test "nofork: standard input and output themselves, and its status" {
    echo text | limited zc-relay STDIO SYSTEM:'cat; exit 3',nofork >out 2>errors && status=0 || status=$?
    [ "$status" -eq 1 ]
    [ "$(cat out)" = text ]
    [[ $(last_error errors) == *'SYSTEM:cat; exit 3: exit status 3' ]]
}

@test "nofork: the first address has nothing to be started on" {
    run --separate-stderr limited zc-relay EXEC:cat,nofork CREATE:f
    [ "$status" -eq 1 ]
    [[ $stderr == *' EXEC:cat: option "nofork" is for the second address of a relay' ]]
    [ ! -e f ]
}

@test "nofork: what needs the relay in between is refused before anything is opened" {
    run --separate-stderr limited zc-relay CREATE:f EXEC:cat,nofork,pipes
    [ "$status" -eq 1 ]
    [[ $stderr == *' EXEC:cat,nofork,pipes: options "nofork" and "pipes" exclude each other' ]]
    [ ! -e f ]
}
