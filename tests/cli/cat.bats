# zc-cat as a shell user sees it: operands, output, errors, status.
load helpers

setup() { set_up; }
teardown() { clean_up; }

@test "operands come out in their order" {
    printf a >one; printf b >two; printf c >three
    run --separate-stderr limited zc-cat two one three one
    succeeds
    [ "$output" = baca ]
}

@test "without operands standard input comes out" {
    run --separate-stderr limited zc-cat < <(printf typed)
    succeeds
    [ "$output" = typed ]
}

@test "a lone - is standard input, among the operands" {
    printf a >one; printf b >two
    run --separate-stderr limited zc-cat one - two < <(printf -- -typed-)
    succeeds
    [ "$output" = a-typed-b ]
}

@test "a second - is empty" {
    run --separate-stderr limited zc-cat - - < <(printf once)
    succeeds
    [ "$output" = once ]
}

@test "-- ends the options" {
    printf dash >--explain
    run --separate-stderr limited zc-cat -- --explain
    succeeds
    [ "$output" = dash ]
}

@test "a missing file in the middle is told, the others come out, the status is 1" {
    printf a >one; printf b >two
    run --separate-stderr limited zc-cat one nosuch two
    fails_with "zc-cat: nosuch: No such file or directory"
    [ "$output" = ab ]
}

@test "every failing operand is told once, in order" {
    mkdir folder
    run --separate-stderr limited zc-cat nosuch folder gone
    fails_with "zc-cat: nosuch: No such file or directory
zc-cat: folder: Is a directory
zc-cat: gone: No such file or directory"
    [ -z "$output" ]
}

@test "a directory on standard input is told as one" {
    run --separate-stderr limited zc-cat <.
    fails_with "zc-cat: -: Is a directory"
}

@test "a file that may not be read: Permission denied" {
    printf secret >secret
    chmod 000 secret
    # root reads everything; without its capabilities it is a user like others.
    local unprivileged=()
    if ((EUID == 0)); then
        unprivileged=(setpriv --bounding-set -dac_override,-dac_read_search)
    fi
    run --separate-stderr limited "${unprivileged[@]}" "$(command -v zc-cat)" secret
    fails_with "zc-cat: secret: Permission denied"
    [ -z "$output" ]
}

@test "a chain of links without end: Too many levels of symbolic links" {
    ln -s turn round
    ln -s round turn
    run --separate-stderr limited zc-cat round
    fails_with "zc-cat: round: Too many levels of symbolic links"
}

@test "a UNIX socket's entry: No such device or address" {
    start_peer server unix-listen:entry
    run --separate-stderr limited zc-cat entry
    fails_with "zc-cat: entry: No such device or address"
}

@test "a name with a space is quoted in the message" {
    run --separate-stderr limited zc-cat 'no such'
    fails_with "zc-cat: 'no such': No such file or directory"
}

@test "a name with a newline does not break the line" {
    run --separate-stderr limited zc-cat $'two\nlines'
    fails_with "zc-cat: 'two'\$'\\n''lines': No such file or directory"
}

@test "a name with a quote can be pasted back" {
    run --separate-stderr limited zc-cat "it's"
    ((status == 1))
    local quoted=${stderr#zc-cat: }
    quoted=${quoted%: No such file or directory}
    eval "[ $quoted = \"it's\" ]"
}

@test "an empty name is shown as a pair of quotes" {
    run --separate-stderr limited zc-cat ''
    fails_with "zc-cat: '': No such file or directory"
}

@test "a name that is not UTF-8 is opened like any other" {
    printf content >$'n\xe4me\xff'
    run --separate-stderr limited zc-cat $'n\xe4me\xff'
    succeeds
    [ "$output" = content ]
}

@test "an unknown option: exit 1 and where to look" {
    run --separate-stderr limited zc-cat --nosuch file
    ((status == 1))
    [ -z "$output" ]
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 2 ]
    [[ $stderr == zc-cat:*nosuch*$'\n'"Try 'zc-cat --help' for more information." ]]
}

@test "an unknown value of --zero-copy: exit 1, and it names the values" {
    run --separate-stderr limited zc-cat --zero-copy=often
    ((status == 1))
    [[ $stderr == *"must be auto, always or never"* ]]
}

@test "called through a link it says the link's name" {
    ln -s "$(command -v zc-cat)" cat
    run --separate-stderr limited ./cat nosuch
    fails_with "cat: nosuch: No such file or directory"
}

@test "--help and --version go to standard output" {
    run --separate-stderr limited zc-cat --help
    succeeds
    [[ $output == *--zero-copy* ]]
    run --separate-stderr limited zc-cat --version
    succeeds
    [[ $output =~ ^zc-cat\ \(zc\)\ [0-9]+\.[0-9]+ ]]
}

@test "--help and --version to a full device are a write error" {
    run --separate-stderr limited bash -c 'zc-cat --help >/dev/full'
    fails_with "zc-cat: write error: No space left on device"
    run --separate-stderr limited bash -c 'zc-cat --version >/dev/full'
    fails_with "zc-cat: write error: No space left on device"
}

@test "a full device is told once, whatever comes after it" {
    make_file big 3000000
    run --separate-stderr limited bash -c 'zc-cat big big big >/dev/full'
    fails_with "zc-cat: write error: No space left on device"
}

@test "a full device is told for a small file, a pipe and a device" {
    printf x >small
    for source in small /dev/zero; do
        run --separate-stderr limited bash -c "zc-cat $source >/dev/full"
        fails_with "zc-cat: write error: No space left on device"
    done
    run --separate-stderr limited bash -c 'stream make 3000000 2>&- | zc-cat >/dev/full'
    fails_with "zc-cat: write error: No space left on device"
}

@test "a full device and a missing file are two lines" {
    printf x >small
    run --separate-stderr limited bash -c 'zc-cat nosuch small >/dev/full'
    fails_with "zc-cat: nosuch: No such file or directory
zc-cat: write error: No space left on device"
}

@test "a file system that is full: every byte it took is right" {
    make_file big 3000000
    run --separate-stderr limited bash -c '
        trap "" XFSZ
        ulimit -f 1000
        zc-cat big >limited'
    fails_with "zc-cat: write error: File too large"
    [ "$(stat -c %s limited)" -eq 1024000 ]
    cmp -n 1024000 big limited
}

@test "standard input is closed: told, and the other operands come out" {
    printf b >two
    run --separate-stderr limited bash -c 'zc-cat - two <&-'
    ((status == 1))
    [ "$output" = b ]
    [[ $stderr == "zc-cat: -: Bad file descriptor"* ]]
}

@test "standard output is closed: told, also when there is nothing to write" {
    printf x >small
    run --separate-stderr limited bash -c 'zc-cat small >&-'
    ((status == 1))
    [[ $stderr == "zc-cat: "*": Bad file descriptor" ]]
    run --separate-stderr limited bash -c 'zc-cat /dev/null >&-'
    ((status == 1))
    [[ $stderr == "zc-cat: "*": Bad file descriptor" ]]
}

@test "input is output: refused where it would grow for ever" {
    printf content >f
    run --separate-stderr limited bash -c 'zc-cat f >>f'
    fails_with "zc-cat: f: input file is output file"
    [ "$(cat f)" = content ]
}

@test "input is output: refused on standard input too" {
    printf content >f
    run --separate-stderr limited bash -c 'zc-cat <f >>f'
    fails_with "zc-cat: -: input file is output file"
    [ "$(cat f)" = content ]
}

@test "input is output: the operands after it come out" {
    printf content >f; printf more >other
    run --separate-stderr limited bash -c 'zc-cat f other >>f'
    fails_with "zc-cat: f: input file is output file"
    [ "$(cat f)" = contentmore ]
}

@test "input is output: an empty file is no danger" {
    : >f
    run --separate-stderr limited bash -c 'zc-cat f >>f'
    succeeds
    [ ! -s f ]
}

@test "input is output: reading ahead of writing in place is no danger" {
    printf 'headbody' >f
    run --separate-stderr limited bash -c '(dd of=/dev/null bs=4 count=1 status=none; zc-cat) <f 1<>f'
    succeeds
    [ "$(cat f)" = bodybody ]
}

@test "a script with set -euo pipefail goes on when all is well and ends when not" {
    make_file f 300000
    cat >script <<'END'
set -euo pipefail
zc-cat f | zc-cat - >copy
echo reached
zc-cat f nosuch | zc-cat >copy
echo never
END
    run --separate-stderr limited bash script
    fails_with "zc-cat: nosuch: No such file or directory"
    [ "$output" = reached ]
    same f copy
}
