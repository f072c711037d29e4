# What zc-relay shows: -v, -x, statistics, the forms of a log line, -V and -hh.
load helpers

setup() { set_up; }
teardown() { clean_up; }

# Without date and time.
stamped() { sed -E 's|^([<>]) [0-9/]+ [0-9:]+\.[0-9]{6}  |\1 |' "$1"; }

@test "-v: what goes both ways, as socat shows it" {
    printf 'a\\b\ttab\33\7\r"\0\200 z\n' >in
    limited zc-relay -v STDIO EXEC:cat <in >out 2>said
    same in out
    [ "$(stamped said | head -n 2)" = $'> length=16 from=0 to=15\na\\\\b\ttab.\\a\\r".. z' ]
    [ "$(stamped said | sed -n 3p)" = '< length=16 from=0 to=15' ]
}

@test "-x: in hexadecimal; -v -x: side by side, with what came before counted" {
    printf 'hello\n\1' | limited zc-relay -u -x - CREATE:out 2>said
    [ "$(stamped said)" = $'> length=7 from=0 to=6\n 68 65 6c 6c 6f 0a 01' ]
    printf '0123456789abcdef\nx' | limited zc-relay -u -v -x - CREATE:out 2>said
    [ "$(stamped said)" = "> length=18 from=0 to=17
 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef
 0a                                               .
 78                                               x
--" ]
}

@test "-v -r: what is shown is recorded, too" {
    make_file in 300000
    limited zc-relay -u -v -r record - CREATE:out <in 2>said
    same in out record
    [ "$(grep -ao ' length=[0-9]* from=[0-9]* to=[0-9]*' said | wc -l)" -ge 2 ]
    [[ $(grep -ao ' length=[0-9]* from=[0-9]* to=[0-9]*' said | tail -n 1) == *" to=299999" ]]
}

@test "-v -r: a recording that fails is exit 1, the bytes go on" {
    make_file in 300000
    run limited bash -c 'zc-relay -u -v -r /dev/full - CREATE:out <in 2>said'
    [ "$status" -eq 1 ]
    same in out
    [ "$(grep -ac ' E /dev/full: No space left on device' said)" -eq 1 ]
}

@test "--statistics: at the end; SIGUSR1: at any time" {
    start_peer server tcp-listen expect=1000 send=5000,2 mark=sent shut end
    start_relay --statistics TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    mkfifo gate
    start peer "tcp:$port" send=1000 expect=5000,2 mark=heard gate=gate shut end
    local client=$started_pid
    until_true test -e heard
    kill -USR1 "$(program_of "$relay")"
    until_true says 'I STATISTICS: right to left: .* 5000 byte(s)' relay.log
    open_gate
    finished "$client"
    finished "$relay"
    [ "$(grep -c 'I STATISTICS: left to right: .* packets(s), *1000 byte(s)' relay.log)" -eq 2 ]
}

@test "-u --statistics: one direction" {
    printf 'hello' | limited zc-relay -u --statistics - CREATE:out 2>said
    [ "$(grep -c STATISTICS said)" -eq 1 ]
    [[ $(cat said) == *" I STATISTICS: left to right: 1 packets(s), 5 byte(s)" ]]
}

@test "-lu, -lh, -lp: microseconds, the host, another name" {
    run --separate-stderr limited zc-relay -lu -lh -lp other - OPEN:missing
    [ "$status" -eq 1 ]
    [[ $stderr =~ ^[0-9/]{10}\ [0-9:]{8}\.[0-9]{6}\ $(uname -n)\ other\[[0-9]+\]\ E\ missing:\ No\ such\ file ]]
    run --separate-stderr limited zc-relay -lpother - OPEN:missing
    [[ $stderr == *" other["*"] E missing: "* ]]
}

@test "-lfFILE: the name may follow at once" {
    run --separate-stderr limited zc-relay -lflog - OPEN:missing
    [ "$status" -eq 1 ]
    [ -z "$stderr" ]
    [[ $(cat log) == *" E missing: No such file or directory" ]]
}

@test "-ly: to syslog and not to standard error; a facility that is none" {
    run --separate-stderr limited zc-relay -lylocal3 - OPEN:missing
    [ "$status" -eq 1 ]
    [ -z "$stderr" ]
    run --separate-stderr limited zc-relay -lynowhere - OPEN:missing
    [ "$status" -eq 1 ]
    [[ $stderr == *'-ly: "nowhere" is no facility of syslog' ]]
}

@test "-V: what scripts look for" {
    run limited zc-relay -V
    [ "$status" -eq 0 ]
    [[ $output == *"zc-relay version "* ]]
    [[ $output == *"#define WITH_UNIX 1"* ]]
    [[ $output == *"#undef WITH_OPENSSL"* ]]
}

@test "-hh: every address and every option, one a line" {
    run limited zc-relay -hh
    [ "$status" -eq 0 ]
    grep -q '^ *UNIX-LISTEN:' <<<"$output"
    grep -q '^ *reuseaddr' <<<"$output"
    run limited zc-relay -hhh
    [ "$status" -eq 0 ]
}

@test "called as socat it says socat" {
    ln -s "$(command -v zc-relay)" socat
    run --separate-stderr limited ./socat - OPEN:missing
    [ "$status" -eq 1 ]
    [[ $stderr == *" socat["*"] E missing: No such file or directory" ]]
    run limited ./socat -V
    [[ $output == *"socat version "* ]]
}

@test "-4, -6, -0: which family a listener has" {
    for family in 4 6 0; do
        start_relay "-$family" TCP-LISTEN:0,fork TCP:127.0.0.1:1
        kill "$relay"
        finished "$relay" 143
        cp relay.log "log.$family"
    done
    grep -q 'listening on 0.0.0.0:' log.4
    grep -q 'listening on \[::\]:' log.6
    grep -q 'listening on \[::\]:' log.0
}

@test "-g and -s are accepted" {
    run --separate-stderr limited zc-relay -g -s -u - CREATE:out <<<x
    succeeds
    [ "$(cat out)" = x ]
}

@test "nofork: a program has the client's connection for itself" {
    start_relay TCP-LISTEN:0,fork EXEC:cat,nofork
    for i in 1 2; do limited peer "tcp:$port" "duplex=100000,$i,100000,$i"; done
    [ "$(grep -c ' E ' relay.log)" -eq 0 ]
}

@test "nofork: the program's status counts" {
    run limited bash -c "echo hi | zc-relay - SYSTEM:'cat; exit 3',nofork 2>said"
    [ "$status" -eq 1 ]
    [ "$output" = hi ]
    [[ $(last_error said) == "zc-relay E SYSTEM:cat; exit 3: exit status 3" ]]
}

@test "sigint: the program gets it, and the relay goes on until it ends" {
    cat >program <<'TEXT'
trap 'echo caught; exit 0' INT
echo ready
while :; do read -r -t 1 _ <>never; done
TEXT
    mkfifo never
    start zc-relay -u EXEC:"bash program",sigint CREATE:out
    relay=$started_pid
    until_true says ready out
    kill -INT "$(program_of "$relay")"
    finished "$relay"
    [ "$(cat out)" = $'ready\ncaught' ]
}
