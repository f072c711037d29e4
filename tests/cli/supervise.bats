# --progress, --stats, --rate-limit, --stall-timeout, --timeout in all three programs.
load helpers

setup() {
    set_up
    command -v python3 >/dev/null || skip "python3 is not installed"
}
teardown() { clean_up; }

# json EXPRESSION <LINE: what Python says of the object d; exactly one line must be there.
json() {
    python3 -c '
import json, sys
lines = sys.stdin.buffer.read().decode("utf-8").splitlines()
assert len(lines) == 1, lines
d = json.loads(lines[0])
result = eval(sys.argv[1])
assert result, (sys.argv[1], d)' "$1"
}
# between LOW HIGH SECONDS: a time that was measured.
between() { awk -v l="$1" -v h="$2" -v s="$3" 'BEGIN { exit !(l <= s && s <= h) }'; }
seconds_of() {
    local TIMEFORMAT=%R
    { time "$@" >/dev/null 2>&3; } 3>&2 2>&1
}

# ---- stats

@test "stats: one object tells program, transfers, bytes, calls and exit status" {
    make_file big 9000000
    limited zc-cat --stats=json --stats-file=stats big - <<<end | cat >out
    json 'd["version"] == 1 and d["program"] == "zc-cat" and d["running"] is False' <stats
    json 'd["bytes"] == 9000004 and len(d["transfers"]) == 2 and d["exit_status"] == 0' <stats
    json 'd["transfers"][0]["source"] == {"name": "big", "kind": "regular file"}' <stats
    json 'd["transfers"][0]["sinks"][0]["method"] == "carrier"' <stats
    json 'd["transfers"][0]["calls"] > 2 and d["seconds"] > 0 and d["cpu_seconds"] >= 0' <stats
    json 'd["errors"] == [] and d["digest"] is None' <stats
}
@test "stats: names with quotes, newlines and bytes that are not UTF-8 are valid JSON" {
    local name=$'q"uote\n\tb\xff\xfe\\s'
    make_file "$name" 100
    limited zc-cat --stats=json --stats-file=stats "$name" >/dev/null
    json 'd["transfers"][0]["source"]["name"] == "q\"uote\n\tb\ufffd\ufffd\\s"' <stats
    limited zc-tee --stats=json --stats-file=stats "$name" <"$name" >/dev/null || true
    make_file in 100
    limited zc-tee --stats=json --stats-file=stats "$name" <in >/dev/null
    json 'd["transfers"][0]["sinks"][1]["name"] == "q\"uote\n\tb\ufffd\ufffd\\s"' <stats
}
@test "stats: why a method was given up, and what went wrong" {
    run limited zc-cat --stats=json --stats-file=stats nosuch
    [ "$status" -eq 1 ]
    json 'd["exit_status"] == 1 and d["errors"] == ["nosuch: No such file or directory"]' <stats
    make_file big 9000000
    run limited bash -c 'zc-cat --stats=json --stats-file=stats big >/dev/full'
    [ "$status" -eq 1 ]
    json '"No space left" in d["transfers"][0]["sinks"][0]["error"]' <stats
    json 'd["transfers"][0]["demotions"][0]["from"] == "carrier"' <stats
}
@test "stats: how long nothing moved, but not what the rate held back" {
    # The pause is what is measured.
    (echo one; sleep 2; echo two) | limited zc-cat --stats=json --stats-file=stats >/dev/null
    json '1.1 < d["stall_seconds"] < 10' <stats
    (echo one; sleep 2; echo two) | limited zc-tee --stall-timeout=30 --stats=json --stats-file=stats >/dev/null
    json '1.1 < d["stall_seconds"] < 10' <stats
    make_file f 3000
    limited zc-cat -L 2000 --stats=json --stats-file=stats f >/dev/null
    json 'd["stall_seconds"] == 0 and d["seconds"] > 1' <stats
}
@test "stats: zc-tee tells every sink and what it missed" {
    make_file in 300000
    limited zc-tee --stats=json --stats-file=stats a b <in >/dev/null
    json '[s["bytes"] for s in d["transfers"][0]["sinks"]] == [300000] * 3' <stats
    json 'all(s["missed"] == 0 for s in d["transfers"][0]["sinks"])' <stats
}
@test "stats: a paragraph for people on standard error; a file that cannot be written is told" {
    make_file in 3000
    run --separate-stderr limited zc-cat --stats in
    [ "$status" -eq 0 ]
    [[ $stderr == "zc-cat: 3000 bytes (2.93 KiB) in "*"exit status 0"$'\n'*"in (regular file) -> standard output (pipe): 3000 bytes by copy" ]]
    run --separate-stderr limited zc-cat --stats --stats-file=no/such in
    [ "$status" -eq 1 ]
    [[ $stderr == "zc-cat: no/such: No such file or directory" ]]
}
@test "stats: SIGUSR1 tells the state so far, and the transfer goes on" {
    mkfifo in
    exec 7<>in
    start_shell 'exec zc-cat --stats=json <in >out 2>said' 7>&-
    stream make 1000 >&7
    until_true test -s out
    kill -USR1 "$(program_of "$started_pid")"
    until_true test -s said
    json 'd["running"] is True and d["bytes"] == 1000 and d["exit_status"] is None' <said
    stream make 500 2 >&7
    exec 7>&-
    finished "$started_pid"
    tail -n 1 said | json 'd["running"] is False and d["bytes"] == 1500'
}
@test "stats: zc-relay tells both ways, and an exit status of a signal" {
    start_peer echo tcp-listen mirror
    start_relay --stats=json --stats-file=stats TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" duplex=300000,1,300000,1
    finished "$relay"
    json 'd["bytes"] == 600000 and [t["bytes"] for t in d["transfers"]] == [300000, 300000]' <stats
    start_relay --stats=json --stats-file=stats TCP-LISTEN:0,fork TCP:127.0.0.1:1
    kill "$relay"
    finished "$relay" 143
    json 'd["exit_status"] == 143' <stats
}

# ---- rate

@test "rate: 2 s worth takes 2 s, by splice" {
    make_file in 20000000
    local took
    took=$(seconds_of bash -c 'zc-cat -L 10000000 --stats=json --stats-file=stats in | cat')
    between 1.93 2.3 "$took"
    json 'd["transfers"][0]["sinks"][0]["method"] == "carrier"' <stats
    took=$(seconds_of bash -c 'zc-tee --rate-limit=20MB a <in | cat')
    between 0.93 1.3 "$took"
    same in a
}
@test "rate: line options keep to it, too" {
    seq 150000 >in
    between 0.38 0.8 "$(seconds_of bash -c 'zc-cat -n -L 2000000 in | cat')"
}
@test "rate: zc-relay keeps one for each way, and one for all" {
    start_peer sink tcp-listen expect=5000000 end
    start_relay --rate-limit=10MB -u TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    between 0.43 0.9 "$(seconds_of peer "tcp:$port" send=5000000 shut drain)"
    finished "$relay"
    start_peer sinks --count 2 tcp-listen expect=2500000 end
    start_relay --rate-limit-total=10MB -u TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    two() {
        peer "tcp:$port" send=2500000 shut drain &
        peer "tcp:$port" send=2500000 shut drain
        wait
    }
    between 0.43 0.9 "$(seconds_of two)"
}
@test "rate: a file says it, and says another on SIGHUP" {
    make_file in 3000000
    echo "100K a second" >rate
    start_shell 'exec zc-cat --rate-file=rate in >out'
    until_true test -s out
    echo 1G >rate
    # The number is timeout's; it passes the signal on.
    kill -HUP "$started_pid"
    finished "$started_pid"
    same in out
    run --separate-stderr limited zc-cat --rate-file=nosuch in
    fails_with "zc-cat: nosuch: No such file or directory"
    echo fast >rate
    run --separate-stderr limited zc-cat --rate-file=rate in
    fails_with "zc-cat: rate: holds no rate; 500K and 10M are"
}

# ---- bounds

@test "stall-timeout: a source that says nothing, exit 4" {
    mkfifo quiet
    exec 7<>quiet
    for program in zc-cat zc-tee; do
        local before='-: '
        [[ $program == zc-cat ]] || before='read error: '
        run --separate-stderr limited "$program" --stall-timeout=0.1 <quiet 7>&-
        [ "$status" -eq 4 ]
        [[ $stderr == "$program: ${before}nothing came for 0.1 s" ]]
    done
    run --separate-stderr limited zc-cat -n --stall-timeout=100ms <quiet 7>&-
    [ "$status" -eq 4 ]
    exec 7>&-
}
@test "stall-timeout: a sink that takes nothing, exit 4; it is named" {
    mkfifo full
    exec 7<>full
    make_file in 3000000
    for option in --zero-copy=auto -n; do
        run --separate-stderr limited bash -c "zc-cat $option --stall-timeout=0.1 in >full" 7>&-
        [ "$status" -eq 4 ]
        [[ $stderr == "zc-cat: write error: nothing was taken for 0.1 s" ]]
    done
    run --separate-stderr limited bash -c "zc-tee --stall-timeout=0.1 full <in >/dev/null" 7>&-
    [ "$status" -eq 4 ]
    [[ $stderr == "zc-tee: full: nothing was taken for 0.1 s"* ]]
    exec 7>&-
}
@test "stall-timeout: a slow source is no stall" {
    start_shell 'for i in 1 2 3 4 5; do echo "$i"; sleep 0.1; done | zc-cat --stall-timeout=5 >out'
    finished "$started_pid"
    [ "$(wc -l <out)" -eq 5 ]
}
@test "timeout: in all, also while bytes move" {
    run --separate-stderr limited bash -c 'yes | zc-cat --timeout=0.2 >/dev/null'
    [[ $stderr == *"zc-cat: -: "*"0.2 s were over" ]]
    run limited bash -c 'yes | zc-cat --timeout=0.2 >/dev/null; exit ${PIPESTATUS[1]}'
    [ "$status" -eq 4 ]
    run limited bash -c 'yes | zc-tee --timeout=200ms a >/dev/null; exit ${PIPESTATUS[1]}'
    [ "$status" -eq 4 ]
}
@test "zc-relay: --stall-timeout and --timeout end a session with exit 4 and say what was waited for" {
    mkfifo gate
    start_peer quiet tcp-listen gate=gate
    start_relay --stall-timeout=0.1 TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" cut
    finished "$relay" 4
    [[ $(last_error relay.log) == "zc-relay E "*"nothing came for 0.1 s" ]]
    open_gate
    start_peer quiet2 tcp-listen cut
    start_relay --timeout=0.1 TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" cut
    finished "$relay" 4
    [[ $(last_error relay.log) == *"it was waited for when 0.1 s were over" ]]
}

# ---- progress

@test "progress: nothing where standard error is no terminal; plain lines with always" {
    make_file in 300000
    run --separate-stderr limited zc-cat -p in
    [ -z "$stderr" ]
    run --separate-stderr limited bash -c 'zc-cat --progress=always -i 0.05 -N "my dump" -L 1000000 in >/dev/null'
    [[ ${stderr_lines[0]} =~ ^"my dump":\ \ .*KiB\ \ 0:00:00\ \ .*/s\ \ avg\ .*\[=*\>\ *\]\ \ \ *[0-9]+\ %\ \ ETA ]]
    [[ ${stderr_lines[-1]} == *"293 KiB"*"[======================================]  100 %" ]]
    [[ $stderr != *$'\r'* && $stderr != *$'\033'* ]]
    run --separate-stderr limited bash -c 'zc-tee --progress=always --interval=0.05 --size=600000 <in >/dev/null'
    [[ ${stderr_lines[-1]} == *"50 %"* ]]
}
@test "progress: zc-relay tells sessions and the rate each way" {
    start_peer echo tcp-listen mirror
    start_relay --progress=always --interval=0.05 TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" duplex=300000,1,300000,1
    finished "$relay"
    grep -qE '^586 KiB .*  0 of 1 sessions  > .*/s  < .*/s$' relay.log
}
@test "progress: fits terminals of 40 and 120 columns, follows a change, leaves nothing" {
    command -v tmux >/dev/null || skip "tmux is not installed"
    make_file in 3000000
    mkfifo gate
    local columns line
    for columns in 40 120; do
        tmux -L "zc$$" -f /dev/null new-session -d -s progress -x "$columns" -y 5 \
            "cat gate | TERM=xterm PS1= zc-cat -p -i 0.05 in - -N backup --size 6000000 >out; echo over; cat gate"
        shows() {
            line=$(tmux -L "zc$$" capture-pane -p -t progress | sed -n 1p)
            [[ $line == *"2.86 MiB"* ]]
        }
        until_true shows
        ((${#line} <= columns - 1))
        ((columns == 40)) || [[ $line == "backup:"*"avg"*"["*"50 %"* ]]
        open_gate
        is_over() { [[ $(tmux -L "zc$$" capture-pane -p -t progress | sed -n 1p) == over ]]; }
        until_true is_over
        [ "$(tmux -L "zc$$" capture-pane -p -t progress | tr -d '\n ')" = over ]
        open_gate
        tmux -L "zc$$" kill-server 2>/dev/null || true
        same in out
    done
}

# ---- the relay's metrics and log

@test "metrics: a listener answers GET /metrics, and nothing else" {
    start_peer echo --count 1 tcp-listen mirror
    start_relay --metrics=UNIX-LISTEN:metrics TCP-LISTEN:0,fork "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" duplex=3000,1,3000,1
    asks() { printf 'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' "$1" | limited zc-relay - UNIX-CONNECT:metrics; }
    counted() { asks /metrics >answer && grep -q '^zc_relay_session_seconds_count 1' answer; }
    until_true counted
    grep -q '^HTTP/1.1 200 OK' answer
    grep -q '^zc_relay_bytes_total{direction="left_to_right"} 3000$' answer
    grep -q '^zc_relay_accepts_total 1$' answer
    grep -q '^zc_relay_sessions 0$' answer
    grep -q '^zc_relay_method_bytes_total{method="copy"} 6000$' answer
    grep -q '^zc_relay_connect_seconds_bucket{le="+Inf"} 1$' answer
    # Every sample has its type, and every line is a comment or a sample.
    sed '1,/^\r$/d' answer | python3 -c '
import re, sys
types = {}
for line in sys.stdin.read().splitlines():
    if line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        types[name] = kind
    elif not line.startswith("# HELP "):
        name = re.fullmatch(r"([a-z_]+)(\{[a-z]+=\"[^\"]*\"\})? [0-9.e+-]+", line).group(1)
        base = re.sub("_(bucket|sum|count)$", "", name)
        assert name in types or types[base] == "histogram", line
assert len(types) == 10, types'
    asks /other | grep -q '^HTTP/1.1 404 '
    printf 'POST /metrics HTTP/1.1\r\n\r\n' | limited zc-relay - UNIX-CONNECT:metrics | grep -q '^HTTP/1.1 405 '
    printf 'hello\r\n\r\n' | limited zc-relay - UNIX-CONNECT:metrics | grep -q '^HTTP/1.1 400 '
    run --separate-stderr limited zc-relay --metrics=TCP:127.0.0.1:1 - -
    [ "$status" -eq 1 ]
    [[ $stderr == *"is not a listener" ]]
}
@test "log-format=json: one object a line, one for each session at its end" {
    start_peer echo tcp-listen mirror
    start zc-relay -dd --log-format=json -u UNIX-LISTEN:door "TCP:127.0.0.1:$peer_port" 2>log
    local relay=$started_pid
    until_true test -S door
    limited peer unix:door send=3000 shut drain
    finished "$relay"
    python3 -c '
import json
lines = [json.loads(line) for line in open("log")]
assert any(l.get("level") == "notice" and "listening on" in l["message"] for l in lines)
(session,) = [l for l in lines if l.get("event") == "session"]
assert session["bytes_left_to_right"] == 3000 and session["methods"] == {"copy": 3000}
assert session["errors"] == [] and session["seconds"] > 0 and session["right"].startswith("TCP:")'
}
@test "words that are none: exit 1, what would be right" {
    run --separate-stderr limited zc-cat --stats=xml
    [[ $status == 1 && $stderr == *"must be text or json"* ]]
    run --separate-stderr limited zc-tee --progress=often
    [[ $status == 1 && $stderr == *"must be auto, always or never"* ]]
    run --separate-stderr limited zc-cat -L 0
    [[ $status == 1 && $stderr == *"'0' is no rate; 500K and 10M are"* ]]
    run --separate-stderr limited zc-relay --log-format=csv - -
    [[ $status == 1 && $stderr == *"must be text or json"* ]]
}
