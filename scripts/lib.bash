# Ports and waiting for a listener, for scripts/run. Sourced, not run.
# shellcheck shell=bash

# Prints the state (0A is LISTEN) of every TCP socket bound to port $1, one a line.
port_states() {
    local hex
    printf -v hex '%04X' "$1"
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v end=":$hex" 'substr($2, length($2) - 4) == end { print $4 }'
}

# Prints a TCP port that nothing uses now.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        if [[ -z $(port_states "$port") ]]; then
            echo "$port"
            return
        fi
    done
    echo "no free TCP port between 20000 and 32000" >&2
    return 1
}

# Waits until port $1 listens; fails after 5 s, or as soon as process $2 is gone.
wait_listen() {
    local port=$1 pid=$2
    for _ in {1..500}; do
        if port_states "$port" | grep -qx 0A; then return; fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.01
    done
    echo "nothing listens on port $port" >&2
    return 1
}

# Prints the median of the numbers on standard input, one a line.
median() {
    sort -g | awk '{ v[NR] = $1 } END {
        if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
