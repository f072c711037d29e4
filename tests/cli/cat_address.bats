# zc-cat's addresses: --from, --to; and -o, which is a file.
# shellcheck disable=SC2154 # bats sets stderr, output and status
load helpers

setup() { set_up; }
teardown() { clean_up; }

sizes="0 1 9000000"

# ---- operands are paths

@test "an operand that looks like an address is a file's name: nothing runs, nothing connects" {
    mkfifo mark
    run --separate-stderr limited zc-cat 'EXEC:touch made' 'SYSTEM:touch made' TCP:127.0.0.1:1 \
        PIPE:x CREATE:made OPEN:mark STDIN
    fails_with "zc-cat: 'EXEC:touch made': No such file or directory
zc-cat: 'SYSTEM:touch made': No such file or directory
zc-cat: 'TCP:127.0.0.1:1': No such file or directory
zc-cat: 'PIPE:x': No such file or directory
zc-cat: 'CREATE:made': No such file or directory
zc-cat: 'OPEN:mark': No such file or directory
zc-cat: STDIN: No such file or directory"
    [ ! -e made ]
    [ ! -e x ]
}

@test "a file with an address for a name is read" {
    printf one >'EXEC:touch made'
    printf two >TCP:127.0.0.1:1
    run --separate-stderr limited zc-cat 'EXEC:touch made' TCP:127.0.0.1:1
    succeeds
    [ "$output" = onetwo ]
    [ ! -e made ]
}

@test "./- is a file, - is standard input, also beside --from" {
    printf file >./-
    run --separate-stderr limited zc-cat - --from SYSTEM:'printf .' ./- < <(printf typed)
    succeeds
    [ "$output" = typed.file ]
}

# ---- --from

@test "--from stands in line with the operands" {
    printf a >a; printf b >b
    local x=SYSTEM:'printf x' y=SYSTEM:'printf y'
    [ "$(limited zc-cat --from "$x" a b)" = xab ]
    [ "$(limited zc-cat a --from="$x" b)" = axb ]
    [ "$(limited zc-cat a b --from "$x")" = abx ]
    [ "$(limited zc-cat --from "$x" a --from "$y" --from "$x" b --from "$y")" = xayxby ]
    [ "$(limited zc-cat --from "$x" -- a --from 2>said || true)" = xa ]
}

@test "with --from alone standard input is not read" {
    printf typed >f
    limited bash -c '(zc-cat --from SYSTEM:"printf x" >copy; /usr/bin/cat >rest) <f'
    [ "$(<copy)" = x ]
    same f rest
}

@test "a command that fails is told with its status, what it wrote comes out" {
    printf b >b
    run --separate-stderr limited zc-cat --from EXEC:'sh -c "printf a; exit 3"' b
    fails_with "zc-cat: EXEC:sh -c \"printf a; exit 3\": exit status 3"
    [ "$output" = ab ]
    run --separate-stderr limited zc-cat --from SYSTEM:'printf a; exit 3' b
    fails_with "zc-cat: SYSTEM:printf a; exit 3: exit status 3"
    [ "$output" = ab ]
}

@test "a command that is not there is told, the others come out" {
    printf b >b
    run --separate-stderr limited zc-cat --from EXEC:nosuchprogram b
    fails_with "zc-cat: EXEC:nosuchprogram: No such file or directory"
    [ "$output" = b ]
}

gone() { ! kill -0 "$1" 2>/dev/null; }

@test "--count ends a command that would go on for ever, and leaves none behind" {
    run --separate-stderr limited zc-cat --from EXEC:yes --count 4
    succeeds
    [ "$output" = $'y\ny' ]
    run --separate-stderr limited zc-cat --from SYSTEM:'echo $$ >pid; exec yes' --count 3000000 -o copy
    succeeds
    [ "$(stat -c %s copy)" -eq 3000000 ]
    until_true gone "$(<pid)"
}

@test "every size from a command" {
    local size
    for size in $sizes; do
        make_file f "$size"
        limited zc-cat --from EXEC:'/usr/bin/cat f' >copy
        limited zc-cat --from SYSTEM:'/usr/bin/cat f' | /usr/bin/cat >piped
        same f copy piped
    done
}

@test "every size from a TCP server and a UNIX server" {
    local size
    for size in $sizes; do
        make_file f "$size" 3
        start_peer "tcp$size" tcp-listen "send=$size,3" shut end
        limited zc-cat --from "TCP:127.0.0.1:$peer_port" >copy
        finished "$peer_pid"
        start_peer "unix$size" "unix-listen:at$size" "send=$size,3" shut end
        limited zc-cat --from "UNIX-CONNECT:at$size" | /usr/bin/cat >piped
        finished "$peer_pid"
        same f copy piped
    done
}

@test "every size from a client of a UNIX listener" {
    local size
    for size in $sizes; do
        make_file f "$size" 3
        start_shell "zc-cat --from UNIX-LISTEN:at$size >copy"
        until_true test -S "at$size"
        until_true peer "unix:at$size" "send=$size,3" shut end
        finished "$started_pid"
        same f copy
    done
}

@test "every size from a file, a FIFO, an abstract socket" {
    local size
    mkfifo fifo
    for size in $sizes; do
        make_file f "$size"
        limited zc-cat --from OPEN:f >copy
        start_shell '/usr/bin/cat f >fifo'
        limited zc-cat --from PIPE:fifo >piped
        finished "$started_pid"
        same f copy piped
        # Both ends are ours; the connecting one tries until there is a listener.
        start zc-cat --from "ABSTRACT-LISTEN:zc-test-$$-$size" -o got
        limited zc-cat f --to "ABSTRACT-CONNECT:zc-test-$$-$size,retry=200,interval=0.05"
        finished "$started_pid"
        same f got
    done
}

# listens PID: a zc-cat that `start` has started has a TCP listener, at $port.
listens() {
    local pid inode
    for pid in $(pgrep -x zc-cat -g "$1"); do
        inode=$(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' | head -n 1)
        [[ -n $inode ]] || continue
        port=$((16#$(awk -v inode="$inode" '$4 == "0A" && $10 == inode { sub(/.*:/, "", $2); print $2 }' \
            /proc/net/tcp)))
        ((port != 0)) && return
    done
    return 1
}

@test "every size between a TCP listener and a TCP connection" {
    local size receiver
    for size in $sizes; do
        make_file f "$size"
        start zc-cat --from TCP-LISTEN:0,bind=127.0.0.1 -o copy
        receiver=$started_pid
        until_true listens "$receiver"
        limited zc-cat f --to "TCP:127.0.0.1:$port"
        finished "$receiver"
        same f copy
        start zc-cat f --to TCP-LISTEN:0,bind=127.0.0.1
        receiver=$started_pid
        until_true listens "$receiver"
        limited zc-cat --from "TCP:127.0.0.1:$port" >got
        finished "$receiver"
        same f got
    done
}

# ---- --to

@test "a command gets every byte, and is waited for" {
    local size
    for size in $sizes; do
        make_file f "$size"
        rm -f copy ended
        limited zc-cat f --to SYSTEM:'/usr/bin/cat >copy && touch ended'
        [ -e ended ]
        same f copy
        limited zc-cat --to EXEC:'dd of=copied bs=64k status=none' <f
        same f copied
    done
}

@test "a command that fails after all is written is told with its status" {
    make_file f 300000
    run --separate-stderr limited zc-cat f --to SYSTEM:'/usr/bin/cat >copy; exit 4'
    fails_with "zc-cat: SYSTEM:/usr/bin/cat >copy; exit 4: exit status 4"
    same f copy
}

@test "several inputs go into one connection" {
    make_file f 9000000 3
    head -c 1000 f >one
    tail -c +1001 f >two
    start_peer server tcp-listen expect=9000000,3 end
    limited zc-cat one --to "TCP:127.0.0.1:$peer_port" --from OPEN:two
    finished "$peer_pid"
}

@test "every size to a TCP server and a UNIX server" {
    local size
    for size in $sizes; do
        make_file f "$size" 3
        start_peer "tcp$size" tcp-listen "expect=$size,3" end
        limited zc-cat f --to "TCP:127.0.0.1:$peer_port"
        finished "$peer_pid"
        start_peer "unix$size" "unix-listen:at$size" "expect=$size,3" end
        limited zc-cat --to "UNIX-CONNECT:at$size" <f
        finished "$peer_pid"
    done
}

@test "every size to a client of a UNIX listener" {
    local size
    for size in $sizes; do
        make_file f "$size" 3
        start zc-cat f --to "UNIX-LISTEN:at$size"
        local server=$started_pid
        until_true test -S "at$size"
        until_true peer "unix:at$size" "expect=$size,3" end
        finished "$server"
    done
}

@test "every size to a file that is made, one that is there, a FIFO" {
    local size
    mkfifo fifo
    for size in $sizes; do
        make_file f "$size"
        limited zc-cat f --to CREATE:made
        : >there
        limited zc-cat --to OPEN:there <f
        start_shell '/usr/bin/cat fifo >piped'
        limited zc-cat f --to PIPE:fifo
        finished "$started_pid"
        same f made there piped
    done
}

@test "line options work between addresses" {
    limited zc-cat -nE --from SYSTEM:'printf "a\nb\n"' --to CREATE:copy
    [ "$(<copy)" = $'     1\ta$\n     2\tb$' ]
}

@test "a peer that leaves is an error of one line, not death by a signal" {
    make_file f 9000000
    start_peer server tcp-listen reset
    run --separate-stderr limited zc-cat /dev/zero f --to "TCP:127.0.0.1:$peer_port"
    ((status == 1))
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
    [[ $stderr == "zc-cat: TCP:127.0.0.1:$peer_port: "@("Broken pipe"|"Connection reset by peer") ]]
    run --separate-stderr limited zc-cat /dev/zero --to EXEC:true
    fails_with "zc-cat: EXEC:true: Broken pipe"
    run --separate-stderr limited zc-cat -n /dev/zero --to SYSTEM:'exit 5'
    ((status == 1))
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
    [[ $stderr == "zc-cat: SYSTEM:exit 5: "* ]]
}

# ---- what is wrong is told first

@test "a wrong address is told before anything is opened, created or run" {
    printf content >f
    for words in "--from FOO:x -o made" "-o f --from FOO:x" "--from FOO:x --to CREATE:made" \
        "--to FOO:x --from CREATE:made" "--from FOO:x --from SYSTEM:>made" "--from SYSTEM:>made --from FOO:x" \
        "f --from FOO:x" "--to FOO:x f"; do
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-cat $words </dev/null
        fails_with 'zc-cat: FOO:x: unknown address "FOO"'
        [ -z "$output" ]
        [ ! -e made ]
        [ "$(<f)" = content ]
    done
}

@test "a parameter that is missing, an option that is unknown, nothing at all" {
    run --separate-stderr limited zc-cat --from TCP:127.0.0.1
    fails_with 'zc-cat: TCP:127.0.0.1: "TCP" takes 2 parameters, not 1'
    run --separate-stderr limited zc-cat --to CREATE:made,frok
    fails_with 'zc-cat: CREATE:made,frok: unknown option "frok"'
    [ ! -e made ]
    run --separate-stderr limited zc-cat --from ''
    fails_with "zc-cat: '': address is empty"
    run --separate-stderr limited zc-cat --to ''
    fails_with "zc-cat: '': address is empty"
}

@test "a refused connection is one line, and the other inputs come out" {
    closed_port
    printf a >a; printf b >b
    run --separate-stderr limited zc-cat a --from "TCP:127.0.0.1:$closed_port" b
    fails_with "zc-cat: TCP:127.0.0.1:$closed_port: Connection refused"
    [ "$output" = ab ]
    run --separate-stderr limited zc-cat a --to "TCP:127.0.0.1:$closed_port" b
    fails_with "zc-cat: TCP:127.0.0.1:$closed_port: Connection refused"
    [ -z "$output" ]
}

@test "an address to a file that is not there is told, the others come out" {
    printf b >b
    run --separate-stderr limited zc-cat --from OPEN:nosuch --from OPEN:. b
    fails_with "zc-cat: nosuch: No such file or directory
zc-cat: .: Is a directory"
    [ "$output" = b ]
}

# ---- -o

@test "-o makes a file, and replaces what was in it" {
    local size
    for size in $sizes; do
        make_file f "$size"
        limited zc-cat f -o "new$size"
        make_file old 10000000 7
        limited zc-cat --output=old <f
        same f "new$size" old
    done
}

@test "-o with only missing inputs leaves an empty file, as a shell does" {
    printf old >out
    run --separate-stderr limited zc-cat nosuch -o out
    fails_with "zc-cat: nosuch: No such file or directory"
    [ -e out ]
    [ ! -s out ]
}

@test "-o - is standard output" {
    printf content >f
    run --separate-stderr limited zc-cat -o - f
    succeeds
    [ "$output" = content ]
    [ ! -e ./- ]
}

@test "-o ./- is a file" {
    printf content >f
    limited zc-cat -o ./- f
    same f ./-
}

@test "an operand of -o is a path, never an address" {
    printf content >f
    limited zc-cat -o SYSTEM:false f
    same f SYSTEM:false
}

@test "--append appends, and makes what is not there" {
    make_file f 9000000
    printf first >out
    printf first | /usr/bin/cat - f f >expected
    limited zc-cat --append -o out f f
    same expected out
    limited zc-cat -o new --append <f
    same f new
    limited zc-cat -n --append -o lines <(printf 'a\n')
    limited zc-cat --append -o lines <(printf 'b\n')
    [ "$(<lines)" = $'     1\ta\nb' ]
}

@test "-o that cannot be opened: one line names the file, nothing is read" {
    printf content >f
    run --separate-stderr limited zc-cat -o nosuch/out f
    fails_with "zc-cat: nosuch/out: No such file or directory"
    run --separate-stderr limited zc-cat -o . f
    fails_with "zc-cat: .: Is a directory"
    run --separate-stderr limited zc-cat -o '' f
    fails_with "zc-cat: '': No such file or directory"
    run --separate-stderr limited zc-cat -o 'no such/out' f
    fails_with "zc-cat: 'no such/out': No such file or directory"
    limited bash -c '(zc-cat -o nosuch/out 2>said; /usr/bin/cat >rest) <f'
    same f rest
}

@test "-o on a full device: one line names it, whatever comes" {
    make_file f 3000000
    run --separate-stderr limited zc-cat -o /dev/full f f
    fails_with "zc-cat: /dev/full: No space left on device"
    run --separate-stderr limited zc-cat -n -o /dev/full f f
    fails_with "zc-cat: /dev/full: No space left on device"
    run --separate-stderr limited bash -c '/usr/bin/cat f 2>said | zc-cat -o /dev/full'
    fails_with "zc-cat: /dev/full: No space left on device"
}

@test "-o to a file that is one of the inputs is refused, by whatever name, and it is kept" {
    mkdir folder
    make_file f 300000
    /usr/bin/cat f >kept
    ln f hard
    ln -s f soft
    ln -s ../f folder/deep
    printf other >other
    local name
    for name in f ./f "$PWD/f" hard soft folder/deep; do
        run --separate-stderr limited zc-cat -o f other "$name"
        fails_with "zc-cat: $name: input file is output file"
        same kept f
        run --separate-stderr limited zc-cat -n -o "$name" f other
        fails_with "zc-cat: f: input file is output file"
        same kept f
    done
}

@test "-o to the file on standard input is refused, and it is kept" {
    printf content >f
    for words in "-o f" "-o f -" "-o f f2 -"; do
        printf x >f2
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-cat $words <f
        fails_with "zc-cat: -: input file is output file"
        [ "$(<f)" = content ]
    done
}

@test "-o to the file of --from is refused, and it is kept" {
    printf content >f
    ln -s f soft
    local address
    for address in OPEN:f ./soft - STDIN FD:0 STDIO; do
        run --separate-stderr limited zc-cat -o f --from "$address" <f
        fails_with "zc-cat: $address: input file is output file"
        [ "$(<f)" = content ]
    done
}

@test "-o to an input that is empty is no danger" {
    : >f
    printf content >other
    run --separate-stderr limited zc-cat -o f f other
    succeeds
    same other f
}

@test "--append to a file that is an input is refused, the others are appended" {
    printf content >f
    printf more >other
    run --separate-stderr limited zc-cat --append -o f f
    fails_with "zc-cat: f: input file is output file"
    [ "$(<f)" = content ]
    run --separate-stderr limited zc-cat --append -o f other f
    fails_with "zc-cat: f: input file is output file"
    [ "$(<f)" = contentmore ]
}

@test "--to and -o together, and --append without -o, are refused" {
    printf content >f
    for words in "-o made --to CREATE:made2 f" "--to CREATE:made -o made2 f"; do
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-cat $words
        fails_with "zc-cat: --to excludes --output
Try 'zc-cat --help' for more information."
        [[ ! -e made && ! -e made2 ]]
    done
    for words in "--append f" "--append --to CREATE:made f"; do
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-cat $words
        fails_with "zc-cat: --append requires --output
Try 'zc-cat --help' for more information."
        [ -z "$output" ]
        [ ! -e made ]
    done
}
