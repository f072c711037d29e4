# zc-relay with many clients and several servers: limits, balance, and the end.
load helpers

setup() { set_up; }
teardown() { clean_up; }

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
# Connections; the listener is a socket, too.
sockets_are() {
    local sockets
    sockets=$(find "/proc/$1/fd" -lname 'socket:*' | wc -l)
    ((sockets - 1 == $2))
}

# greeter NAME: a server that says its name to each of its clients; its port in $peer_port.
greeter() { start_peer "$1" --count 100 tcp-listen "say=$1" end; }

# ask TEXT: one session through the relay, which must hear TEXT.
ask() { limited peer "tcp:$port" "hear=$1" shut end; }

# ---- --balance

@test "balance=first: the first server, as long as it is there" {
    greeter a
    local a=$peer_pid to_a=TCP:127.0.0.1:$peer_port
    greeter b
    start_relay --balance=first TCP-LISTEN:0,fork "$to_a" "TCP:127.0.0.1:$peer_port"
    for _ in 1 2 3; do ask a; done
    kill "$a"
    finished "$a" any
    for _ in 1 2 3; do ask b; done
    # The second and third client did not even try it.
    [ "$(grep -c 'Connection refused' relay.log)" -eq 1 ]
}

@test "balance=first: a server that refused is tried again after --retry-after" {
    closed_port
    greeter b
    start_relay --balance=first --retry-after=0 TCP-LISTEN:0,fork "TCP:127.0.0.1:$closed_port" \
        "TCP:127.0.0.1:$peer_port"
    for _ in 1 2; do ask b; done
    [ "$(grep -c 'Connection refused' relay.log)" -eq 2 ]
}

@test "balance=round-robin: each server in its turn" {
    greeter a
    local to_a=TCP:127.0.0.1:$peer_port
    greeter b
    start_relay --balance=round-robin TCP-LISTEN:0,fork "$to_a" "TCP:127.0.0.1:$peer_port"
    for name in a b a b; do ask "$name"; done
}

@test "balance=least: the server with fewer sessions" {
    greeter a
    local to_a=TCP:127.0.0.1:$peer_port
    start_peer b --count 100 tcp-listen say=b end
    start_relay --balance=least TCP-LISTEN:0,fork "$to_a" "TCP:127.0.0.1:$peer_port"
    mkfifo gate
    start peer "tcp:$port" hear=a mark=in gate=gate shut end
    local first=$started_pid
    until_true test -e in
    ask b
    open_gate
    finished "$first"
}

@test "balance: when no server takes a client it is told, and the client sees no clean end" {
    closed_port
    local other=$closed_port
    start_relay --balance=first TCP-LISTEN:0,fork "TCP:127.0.0.1:$closed_port" "TCP:127.0.0.1:$other"
    limited peer "tcp:$port" cut
    [ "$(grep -c ' W .*Connection refused' relay.log)" -eq 1 ]
    [ "$(grep -c ' E .*Connection refused' relay.log)" -eq 1 ]
}

@test "several servers without --balance, a balance that is none: exit 1" {
    run --separate-stderr limited zc-relay TCP-LISTEN:0,fork TCP:a:1 TCP:b:1
    fails_with "zc-relay: exactly 2 addresses are needed, not 3"$'\n'"Try 'zc-relay --help' for more information."
    run --separate-stderr limited zc-relay --balance=fair TCP-LISTEN:0,fork TCP:a:1
    [ "$status" -eq 1 ]
    [[ $stderr == *"must be first, round-robin or least"* ]]
    run --separate-stderr limited zc-relay --drain=5x TCP-LISTEN:0,fork TCP:a:1
    [ "$status" -eq 1 ]
    [[ $stderr == *"'5x' is no time; 10, 0.5s, 500ms and 5m are"* ]]
}

# ---- names, and addresses that do not answer

# A name with a dead and a live address needs a hosts file of its own.
@test "a name with a dead and a live address: the live one" {
    printf '127.0.0.2 twins\n127.0.0.1 twins\n' >hosts
    unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
    start_peer one --count 2 tcp-listen send=1000 shut end
    under=(unshare -m bash -c "mount --bind hosts /etc/hosts && exec \"\$@\"" -)
    start_relay TCP-LISTEN:0,fork "TCP4:twins:$peer_port"
    under=()
    for _ in 1 2; do limited peer "tcp:$port" expect=1000 end; done
}

@test "a server that is tried for ever holds up no other session" {
    closed_port
    greeter b
    # A session that asks for the closed port waits; --balance=round-robin sends it there.
    start_relay --balance=round-robin TCP-LISTEN:0,fork \
        "TCP:127.0.0.1:$closed_port,forever,interval=1000" "TCP:127.0.0.1:$peer_port"
    start peer "tcp:$port" cut
    local waiting=$started_pid
    until_true says 'accepting connection' relay.log
    ask b
    kill "$relay"
    finished "$relay" 143
    finished "$waiting"
}

# ---- limits

# The limit that leaves the program $1 one more number.
limit_for_one() {
    local number=0
    while [[ -e /proc/$1/fd/$number ]]; do number=$((number + 1)); done
    echo $((number + 1))
}

@test "no descriptor for even one session: told, and the relay stays" {
    start_peer server tcp-listen say=never end
    start_relay --threads=1 TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    local program least
    program=$(program_of "$relay")
    least=$(limit_for_one "$program")
    prlimit --pid "$program" --nofile="$least:$((least + 20))"
    limited peer "tcp:$port" cut
    [[ $(last_error relay.log) == "zc-relay E TCP:127.0.0.1:$peer_port: Too many open files" ]]
    prlimit --pid "$program" --nofile=$((least + 20)):$((least + 20))
    limited peer "tcp:$port" hear=never shut end
}

@test "--pipe-memory used up: copied, and whole" {
    start_peer echo --count 1 tcp-listen mirror
    start_relay --pipe-memory=0 --explain TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" duplex=3000000,1,3000000,1
    finished "$relay"
    [ "$(grep -c 'copy, 3000000 bytes by copy' relay.log)" -eq 2 ]
}

# How many sessions have ended: each tells of the byte that came back.
sessions_told() { (($(grep -c 'copy, 1 bytes by copy' relay.log) == $1)); }

@test "a pipe that is empty is the next stream's, also while its own goes on" {
    start_peer server --count 2 tcp-listen expect=3000000 say=x end
    start_relay --threads=1 --pipe-memory=64K --explain TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    mkfifo gate
    start peer "tcp:$port" send=3000000 hear=x mark=in1 gate=gate shut end
    local first=$started_pid
    until_true test -e in1
    limited peer "tcp:$port" send=3000000 hear=x shut end
    timeout 20 bash -c ': >gate'
    finished "$first"
    until_true sessions_told 2
    [ "$(grep -c 'carrier, [0-9]* bytes by carrier' relay.log)" -eq 2 ]
}

@test "an ordinary user's pipe quota used up: whole all the same" {
    ((EUID == 0)) || skip "only root can become another user"
    under=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    "${under[@]}" test -x "$(command -v zc-relay)" || skip "nobody may not run zc-relay"
    start_peer echo --count 1 tcp-listen mirror
    under+=(onto no-pipe-quota --)
    start_relay --explain TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    under=()
    limited peer "tcp:$port" duplex=3000000,1,3000000,1
    finished "$relay"
}

@test "a connection that is idle holds two descriptors and no pipe" {
    start_peer echo --count 2 tcp-listen expect=3000000 send=3000000,2 mirror
    start_relay --threads=1 TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    local program before clients=()
    program=$(program_of "$relay")
    before=$(descriptors "$program")
    mkfifo gate1 gate2
    for i in 1 2; do
        start peer "tcp:$port" send=3000000 expect=3000000,2 say=x hear=x mark="in$i" \
            gate="gate$i" shut end
        clients+=("$started_pid")
        until_true test -e "in$i"
    done
    # Empty pipes stay with the loop, for whoever comes next: two at most were in use.
    until_true sockets_are "$program" 4
    (($(descriptors "$program") <= before + 4 + 2 * 2))
    for i in 1 2; do timeout 20 bash -c ": >gate$i"; done
    for pid in "${clients[@]}"; do finished "$pid"; done
}

# All threads of program $1 sleep, at each of twenty looks.
all_sleep() {
    local stat
    for _ in {1..20}; do
        for stat in "/proc/$1/task"/*/stat; do
            [[ $(<"$stat") == *") S "* ]] || return 1
        done
    done
}

@test "a relay that has nothing to do sleeps, also after a quick conversation" {
    start_peer echo --count 1 tcp-listen mirror
    start_relay TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    local talk=() client
    for i in {1..500}; do talk+=("say=a$i" "hear=a$i"); done
    mkfifo gate
    start peer "tcp:$port" "${talk[@]}" mark=talked gate=gate shut end
    client=$started_pid
    until_true test -e talked
    until_true all_sleep "$(program_of "$relay")"
    open_gate
    finished "$client"
}

# ---- the end

@test "SIGTERM: without --drain a session is reset, and never ends cleanly" {
    start_peer slow tcp-listen expect=10 cut
    start_relay TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    start peer "tcp:$port" send=10 mark=sent cut
    local client=$started_pid
    until_true test -e sent
    kill "$relay"
    finished "$relay" 143
    finished "$client"
    finished "$peer_pid"
}

@test "--drain: sessions finish, with bytes in flight, and nobody else is let in" {
    mkfifo gate
    start_peer slow tcp-listen gate=gate expect=5000000 send=1000,2 shut end
    start_relay --drain=30s TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    start peer "tcp:$port" mark=in send=5000000 shut expect=1000,2 end
    local client=$started_pid
    until_true test -e in
    until_true says 'accepting connection' relay.log
    kill "$relay"
    until_true says 'may finish' relay.log
    run peer "tcp:$port" end
    [ "$status" -ne 0 ]
    [[ $output == *refused* ]]
    open_gate
    finished "$client"
    finished "$peer_pid"
    finished "$relay" 143
}

@test "--drain: SIGINT ends it at once" {
    start_peer never tcp-listen cut
    start_relay --drain=1h TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    start peer "tcp:$port" mark=in cut
    local client=$started_pid
    until_true says 'accepting connection' relay.log
    kill -TERM "$(program_of "$relay")"
    until_true says 'may finish' relay.log
    kill -INT "$(program_of "$relay")"
    finished "$relay" 143
    finished "$client"
}

@test "--drain: after the time it is over" {
    start_peer never tcp-listen cut
    start_relay --drain=50ms TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    start peer "tcp:$port" mark=in cut
    local client=$started_pid
    until_true says 'accepting connection' relay.log
    kill "$relay"
    finished "$relay" 143
    finished "$client"
}

@test "--drain: nobody is there, so it ends at once" {
    start_relay --drain=1h TCP-LISTEN:0,fork TCP:127.0.0.1:1
    kill "$relay"
    finished "$relay" 143
}

@test "SIGHUP: the log file is opened again, and the relay goes on" {
    greeter a
    start zc-relay -dd -lf log TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    relay=$started_pid
    until_true says 'listening on' log
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' log)
    mv log log.1
    kill -HUP "$(program_of "$relay")"
    until_true test -e log
    ask a
    until_true says 'accepting connection' log
    kill "$relay"
    finished "$relay" 143
}

@test "SIGHUP without a log file ends it, 129" {
    start_relay TCP-LISTEN:0,fork TCP:127.0.0.1:1
    kill -HUP "$(program_of "$relay")"
    finished "$relay" 129
}

@test "threads: each of several loops serves clients" {
    start_peer echo --count 8 tcp-listen mirror
    start_relay --threads=3 TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    [ "$(find "/proc/$(program_of "$relay")/task" -mindepth 1 -maxdepth 1 | wc -l)" -ge 3 ]
    local clients=()
    for i in {1..8}; do
        start peer "tcp:$port" "duplex=1000000,$i,1000000,$i"
        clients+=("$started_pid")
    done
    for pid in "${clients[@]}"; do finished "$pid"; done
}
