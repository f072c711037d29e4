# The relay rows of scripts/bench, which sources this file: zc-relay beside socat,
# HAProxy, nginx and systemd-socket-proxyd, each a server that stays, on loopback.
# shellcheck shell=bash disable=SC2154 # scripts/bench sets them

proxyd=/lib/systemd/systemd-socket-proxyd
peers=(socat socat-256k haproxy nginx proxyd)
idle_connections=5000

haproxy_settings() {
    cat <<END
global
    tune.pipesize 1048576
    maxconn 6000
defaults
    mode tcp
    option splice-request
    option splice-response
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen relay
    bind 127.0.0.1:$1
    server far 127.0.0.1:$2
END
}
nginx_settings() {
    cat <<END
daemon off;
master_process off;
pid $work/nginx.pid;
error_log /dev/null crit;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events { worker_connections 4096; }
stream { server { listen 127.0.0.1:$1; proxy_pass 127.0.0.1:$2; proxy_buffer_size 256k; } }
END
}

# start_relay NAME NEAR FAR: a server between two TCP ports; its number is in $relay.
start_relay() {
    local near=$2 far=$3
    local ends=("TCP-LISTEN:$near,fork,reuseaddr,bind=127.0.0.1" "TCP:127.0.0.1:$far")
    case $1 in
        zc) "$bin/zc-relay" "${ends[@]}" & ;;
        socat) socat "${ends[@]}" & ;;
        socat-256k) socat -b 262144 "${ends[@]}" & ;;
        haproxy)
            haproxy_settings "$near" "$far" >"$work/haproxy"
            haproxy -db -f "$work/haproxy" &
            ;;
        nginx)
            nginx_settings "$near" "$far" >"$work/nginx"
            nginx -e /dev/null -c "$work/nginx" &
            ;;
        proxyd) systemd-socket-activate -l "127.0.0.1:$near" "$proxyd" "127.0.0.1:$far" & ;;
    esac 2>/dev/null >/dev/null </dev/null
    relay=$!
    started+=("$relay")
    wait_listen "$near" "$relay"
}
stop_relay() {
    kill "$relay"
    wait "$relay" 2>/dev/null || true
    started=()
}

# through NEAR FAR CHUNK: sends $bytes through the relay that is there; adds to
# $work/rate.NAME and cost.NAME.
through() {
    local name=$1 near=$2 far=$3 chunk=$4 before sink_pid
    run_sink --drop --tcp "$far" &
    sink_pid=$!
    started+=("$sink_pid")
    wait_listen "$far" "$sink_pid"
    before=$("$tool/cputime" "$relay")
    run_source --memory 2097152 --chunk "$chunk" --tcp "$near"
    wait "$sink_pid"
    unset 'started[-1]'
    awk '{ printf "%.6f\n", $1 / $2 / 1073741824 }' "$work/sink" >>"$work/rate.$name"
    "$tool/cputime" "$relay" | awk -v before="$before" -v b="$bytes" \
        '{ printf "%.6f\n", ($1 - before) * 1073741824 / b }' >>"$work/cost.$name"
}

# beside NAME KIND TITLE UNIT TARGET: a row of ours and a peer's $work/KIND.*.
beside() {
    cp "$work/$2.zc" "$work/ours"
    cp "$work/$2.$1" "$work/theirs"
    line "$3" "$4" "$5"
}

relay_streams() {
    local peer best=socat near far
    rm -f "$work"/{rate,cost}.*
    for ((i = 0; i < rounds; i++)); do
        for peer in zc "${peers[@]}"; do
            near=$(free_port) far=$(free_port)
            start_relay "$peer" "$near" "$far"
            through "$peer" "$near" "$far" 131072
            stop_relay
        done
    done
    for peer in "${peers[@]}"; do
        if awk -v a="$(median <"$work/rate.$peer")" -v b="$(median <"$work/rate.$best")" \
            'BEGIN { exit !(a > b) }'; then best=$peer; fi
    done
    beside "$best" rate "relay: one stream, beside the fastest, $best" GiB/s '>=1'
    beside socat rate "  beside socat" GiB/s '>=2'
    beside haproxy cost "  CPU, beside haproxy" s/GiB '<=0.9'
    beside socat cost "  CPU, beside socat" s/GiB '<=0.333'
    for peer in "${peers[@]}"; do
        printf '    %-14s %.3f GiB/s %.3f s/GiB\n' "$peer" "$(median <"$work/rate.$peer")" \
            "$(median <"$work/cost.$peer")"
    done
}

# wait_place tcp PORT PID, wait_place unix PATH PID: until somebody listens there.
wait_place() {
    if [[ $1 == tcp ]]; then
        wait_listen "$2" "$3"
    else
        for _ in {1..500}; do
            [[ ! -S $2 ]] || return 0
            sleep 0.01
        done
        die "nothing listens on $2"
    fi
}

# pair_run FROM TO CHUNK PROGRAM ...: one transfer between tcp or unix sockets.
pair_run() {
    local from=$1 to=$2 chunk=$3 near=$work/near far=$work/far relay_pid sink_pid
    local -A door server
    shift 3
    [[ $from == unix ]] || near=$(free_port)
    [[ $to == unix ]] || far=$(free_port)
    rm -f "$work/near" "$work/far"
    run_sink --drop "--$to" "$far" &
    sink_pid=$!
    started=("$sink_pid")
    wait_place "$to" "$far" "$sink_pid"
    door=([tcp]="TCP-LISTEN:$near,reuseaddr" [unix]="UNIX-LISTEN:$near")
    server=([tcp]="TCP:127.0.0.1:$far" [unix]="UNIX-CONNECT:$far")
    measure "$@" "${door[$from]}" "${server[$to]}" </dev/null &
    relay_pid=$!
    started+=("$relay_pid")
    wait_place "$from" "$near" "$relay_pid"
    run_source --memory 2097152 --chunk "$chunk" "--$from" "$near"
    wait "$sink_pid" && wait "$relay_pid"
    started=()
}

relay_chunks() {
    local from to chunk target all=$bytes
    for from in tcp unix; do
        for to in tcp unix; do
            for chunk in 1 4 16 64 256 1024; do
                target='>=0.97'
                ((chunk < 64)) || target='>=1.3'
                bytes=$((chunk < 16 ? all / 4 : all))
                rate "relay: $from -> $to, $chunk KiB, beside read, write" "$target" - \
                    "pair_run $from $to $((chunk * 1024))" "$bin/zc-relay" \
                    "$bin/zc-relay --zero-copy=never"
            done
        done
    done
    bytes=$all
}

# each_relay KIND PEERS ... -- PROGRAM ARGUMENT ...: what PROGRAM ARGUMENT ... NEAR FAR prints.
each_relay() {
    local kind=$1 peer near far
    local -a names=()
    shift
    while [[ $1 != -- ]]; do names+=("$1"); shift; done
    shift
    rm -f "$work/$kind".*
    for ((i = 0; i < rounds; i++)); do
        for peer in "${names[@]}"; do
            near=$(free_port) far=$(free_port)
            start_relay "$peer" "$near" "$far"
            "$@" "$near" "$far" >>"$work/$kind.$peer"
            stop_relay
        done
    done
}

relay_messages() {
    each_relay trip zc haproxy socat -- "$tool/trips" 20000
    beside haproxy trip "relay: round trip of 64 bytes, beside haproxy" us '<=1.1'
    beside socat trip "  beside socat" us '<=0.5'
    each_relay connects zc haproxy socat -- "$tool/connects" 4000 16
    beside socat connects "relay: connections a second, beside socat" 1/s '>=3'
    beside haproxy connects "  beside haproxy" 1/s '>=1'
}

pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }
descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

relay_idle() {
    local near far memory held before idle
    near=$(free_port) far=$(free_port)
    start_relay zc "$near" "$far"
    memory=$(pss "$relay") held=$(descriptors "$relay")
    exec {idle}< <(exec "$tool/idle" "$idle_connections" "$near" "$far")
    read -r -u "$idle" _ || die "the idle connections cannot be made"
    memory=$(($(pss "$relay") - memory)) held=$(($(descriptors "$relay") - held))
    before=$("$tool/cputime" "$relay")
    sleep 5
    row "relay: memory of an idle connection" \
        "$(awk -v k="$memory" -v n="$idle_connections" 'BEGIN { print k * 1024 / n }')" bytes '<=1024'
    row "  descriptors of an idle connection" \
        "$(awk -v d="$held" -v n="$idle_connections" 'BEGIN { print d / n }')" "" '<=2'
    row "  CPU of $idle_connections idle connections" \
        "$("$tool/cputime" "$relay" | awk -v b="$before" '{ print ($1 - b) / 5 * 100 }')" '%' '<=0.1'
    exec {idle}<&-
    stop_relay
}

relay_rows() {
    ulimit -n "$(ulimit -Hn)"
    relay_streams
    ceiling tcp_direct
    relay_messages
    relay_idle
    relay_chunks
}
