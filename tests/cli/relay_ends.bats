# zc-relay: how sessions end when somebody does not do what is expected of him.
load helpers

setup() { set_up; }
teardown() { clean_up; }

@test "EXEC: a program that does not read its input answers all the same" {
    for program in "EXEC:echo answer" "SYSTEM:exec <&-; echo answer" "EXEC:echo answer,pipes"; do
        start_relay TCP-LISTEN:0 "$program"
        limited peer "tcp:$port" send=100000 hear=answer$'\n' drain
        finished "$relay"
    done
}
@test "EXEC: its status counts although it has not read its input" {
    start_relay TCP-LISTEN:0 "SYSTEM:echo answer; exit 3"
    limited peer "tcp:$port" send=100000 hear=answer$'\n' drain
    finished "$relay" 1
    [[ $(last_error relay.log) == *"exit status 3" ]]
}
@test "EXEC: with SIGCHLD ignored by the parent its status is known all the same" {
    run --separate-stderr limited env --ignore-signal=CHLD zc-relay - "EXEC:sh -c 'exit 3'" </dev/null
    [ "$status" -eq 1 ]
    [[ $stderr == *"exit status 3" ]]
}
@test "end-close: programs that nobody waits for leave no zombies behind" {
    start_relay --threads=1 TCP-LISTEN:0,fork "EXEC:true,end-close"
    local program
    program=$(program_of "$relay")
    few_zombies() { (($(pgrep -c -P "$program" -r Z) <= 1)); }
    for _ in {1..8}; do limited peer "tcp:$port" shut drain; done
    until_true few_zombies
}

@test "readbytes: what is left unread costs the answer nothing" {
    start_peer server tcp-listen expect=10 send=5000000,2 shut drain
    start_relay TCP-LISTEN:0,readbytes=10 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" send=3000 expect=5000000,2 end
    finished "$relay"
}

@test "-u: a connection that is reset before its end is an error" {
    start_peer server tcp-listen expect=10 mark=seen reset
    mkfifo gate
    start_shell "{ stream make 10; cat gate; } | zc-relay -u - TCP:127.0.0.1:$peer_port 2>said"
    local relay=$started_pid
    until_true test -e seen
    finished "$peer_pid"
    open_gate
    finished "$relay" 1
    [[ $(last_error said) == *"127.0.0.1:$peer_port: Connection reset by peer" ]]
}

@test "a listener that tries again and again hears SIGTERM" {
    start_peer owner tcp-listen end
    start zc-relay "TCP-LISTEN:$peer_port,forever,interval=1000" - </dev/null 2>said
    local relay=$started_pid
    waits_in_two_threads() { (($(find "/proc/$(program_of "$relay")/task" -mindepth 1 -maxdepth 1 | wc -l) == 2)); }
    until_true waits_in_two_threads
    kill "$relay"
    finished "$relay" 143
}

@test "a client whose server is tried for ever leaves: its descriptor goes with it" {
    closed_port
    start_relay --threads=1 TCP-LISTEN:0,fork "TCP:127.0.0.1:$closed_port,forever,interval=1000"
    limited peer "tcp:$port" say=x reset
    only_the_listener() { (($(find "/proc/$(program_of "$relay")/fd" -lname 'socket:*' | wc -l) == 1)); }
    until_true only_the_listener
}

@test "nofork: a program that cannot be started does not make the loop wait for one client" {
    start_peer echo --count 2 tcp-listen mirror
    start_relay --threads=1 --balance=first TCP-LISTEN:0,fork EXEC:/no/such,nofork \
        "TCP:127.0.0.1:$peer_port"
    mkfifo gate
    start peer "tcp:$port" say=a hear=a mark=in gate=gate shut end
    local first=$started_pid
    until_true test -e in
    limited peer "tcp:$port" say=b hear=b shut end
    open_gate
    finished "$first"
}

@test "-T 0, connect-timeout=0, accept-timeout=0: no limit" {
    start_peer echo tcp-listen mirror
    start_relay -T 0 TCP-LISTEN:0,accept-timeout=0 "TCP:127.0.0.1:$peer_port,connect-timeout=0"
    limited peer "tcp:$port" duplex=300000,1,300000,1
    finished "$relay"
}

@test "--pipe-memory counts every session's pipes, recorded ones, too" {
    start_relay --pipe-memory=0 --explain -u TCP-LISTEN:0 CREATE:out
    limited peer "tcp:$port" send=3000000 shut end
    finished "$relay"
    says 'copy, 3000000 bytes by copy' relay.log
    stream check 3000000 <out
    start_peer echo tcp-listen mirror
    start_relay --pipe-memory=0 --explain -r recording TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" duplex=3000000,1,3000000,1
    finished "$relay"
    ! says 'by tee\|by carrier' relay.log
    stream check 3000000 <recording
}

@test "-r: a name may hold the process, the program and the time" {
    start_peer server tcp-listen end
    # shellcheck disable=SC2016 # zc-relay's own words
    limited zc-relay -u -r 'a.$$.$PROGNAME.$TIMESTAMP.$MICROS.$' - "TCP:127.0.0.1:$peer_port" </dev/null
    ls a.*
    [[ $(ls a.*) =~ ^a\.[0-9]+\.zc-relay\.[0-9]{8}T[0-9]{6}\.[0-9]{6}\.\$$ ]]
}
@test "a wrong address is found before a recording is opened" {
    run --separate-stderr limited zc-relay -r recording - FOO:x
    [ "$status" -eq 1 ]
    [ ! -e recording ]
}
