# zc-relay: what is wrong with a command line or an address is said before anything is opened.
load helpers

setup() { set_up; }
teardown() { clean_up; }

# refuses TEXT ADDRESS [ADDRESS]: exit 1, this text, and CREATE:made as the other
# side, first or second, has made nothing.
refuses() {
    local text=$1 first
    for first in yes no; do
        if [[ $first == yes ]]; then
            run --separate-stderr limited zc-relay "$2" CREATE:made </dev/null
        else
            run --separate-stderr limited zc-relay CREATE:made "$2" </dev/null
        fi
        printf '%s\n' "$stderr" >said
        [ "$status" -eq 1 ] || { echo "status $status"; return 1; }
        [ "$(wc -l <said)" -eq 1 ] || { cat said; return 1; }
        [ "$(last_error said)" = "zc-relay E $2: $text" ] || { cat said; return 1; }
        [ ! -e made ] || { echo "something was opened"; return 1; }
    done
}

@test "an unknown address is named" { refuses 'unknown address "FOO"' FOO:x; }
@test "an unknown option is named" { refuses 'unknown option "frok"' TCP:127.0.0.1:1,frok; }
@test "a parameter that is missing" { refuses '"TCP" takes 2 parameters, not 1' TCP:127.0.0.1; }
@test "an address of socat's that is outside is named: OPENSSL" { refuses 'OPENSSL is not supported' OPENSSL:h:1; }
@test "an address of socat's that is outside is named: UDP" { refuses 'UDP is not supported' UDP:h:1; }

@test "a value that is no number, a quote that does not close" {
    for address in TCP:127.0.0.1:1,connect-timeout=soon TCP-LISTEN:0,backlog=many \
        "EXEC:'open" TCP:127.0.0.1:1,keepidle=; do
        run --separate-stderr limited zc-relay "$address" CREATE:made </dev/null
        ((status == 1))
        [[ $stderr == *" E "*"$address: "* ]]
        [ ! -e made ]
    done
}

@test "one address, or three: exit 1, where to look" {
    for addresses in "-" "- - -" ""; do
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-relay $addresses </dev/null
        ((status == 1))
        [[ $stderr == zc-relay:*"Try 'zc-relay --help' for more information." ]]
    done
}

@test "an unknown flag: exit 1, nothing is opened" {
    run --separate-stderr limited zc-relay --nosuch CREATE:made -
    ((status == 1))
    [[ $stderr == zc-relay:*nosuch*"Try 'zc-relay --help' for more information." ]]
    [ ! -e made ]
}

@test "fork on the second address is refused before anything is opened" {
    run --separate-stderr limited zc-relay CREATE:made TCP-LISTEN:0,fork
    ((status == 1))
    [[ $stderr == *"fork"* ]]
    [ ! -e made ]
}

@test "a refused connection: one line, exit 1" {
    closed_port
    run --separate-stderr limited zc-relay - "TCP:127.0.0.1:$closed_port" </dev/null
    ((status == 1))
    printf '%s\n' "$stderr" >said
    [ "$(wc -l <said)" -eq 1 ]
    [ "$(last_error said)" = "zc-relay E TCP:127.0.0.1:$closed_port: Connection refused" ]
}

@test "a UNIX socket that is not there, a file that is none" {
    run --separate-stderr limited zc-relay - UNIX-CONNECT:nosuch </dev/null
    ((status == 1))
    [[ $stderr == *" E UNIX-CONNECT:nosuch: No such file or directory" ]]
    printf x >plain
    run --separate-stderr limited zc-relay - UNIX-CONNECT:plain </dev/null
    ((status == 1))
    [[ $stderr == *" E UNIX-CONNECT:plain: Connection refused" ]]
}

@test "a file that is not there, a directory" {
    run --separate-stderr limited zc-relay -u OPEN:nosuch -
    ((status == 1))
    [[ $stderr == *" E nosuch: No such file or directory" ]]
    run --separate-stderr limited zc-relay -u OPEN:. -
    ((status == 1))
    [[ $stderr == *" E .: Is a directory" ]]
}

@test "a full device is told as the sink's" {
    make_file f 1000000
    run --separate-stderr limited zc-relay -u FILE:f OPEN:/dev/full
    ((status == 1))
    [[ $stderr == *" E /dev/full: No space left on device" ]]
    run --separate-stderr limited bash -c 'stream make 3000000 2>&- | zc-relay -u - OPEN:/dev/full'
    ((status == 1))
    [[ $stderr == *" E /dev/full: No space left on device" ]]
}

@test "a descriptor that is not open" {
    run --separate-stderr limited bash -c 'zc-relay FD:77 CREATE:made </dev/null'
    ((status == 1))
    [[ $stderr == *"77: Bad file descriptor" ]]
}

@test "a log file or a recording that cannot be opened" {
    run --separate-stderr limited zc-relay -lf nosuch/log - CREATE:made </dev/null
    ((status == 1))
    [[ $stderr == *"nosuch/log: No such file or directory" ]]
    run --separate-stderr limited zc-relay -r nosuch/rec - CREATE:made </dev/null
    ((status == 1))
    [[ $stderr == *"nosuch/rec: No such file or directory" ]]
    [ ! -e made ]
}

@test "a name from the command line cannot forge a line of the log" {
    run --separate-stderr limited zc-relay $'OPEN:a\n2026/01/01 00:00:00 zc-relay[1] E forged' -
    ((status == 1))
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
}

@test "--help and --version to a full device are a write error" {
    for option in --help --version; do
        run --separate-stderr limited bash -c "zc-relay $option >/dev/full"
        fails_with "zc-relay: write error: No space left on device"
    done
}
