# zc-cat --skip, --count and --sparse.
# shellcheck disable=SC2154 # bats sets stderr, output and status
load helpers

setup() {
    set_up
    # The leak checker cannot work under another tracer.
    export ASAN_OPTIONS=detect_leaks=0
}
teardown() {
    clean_up
    [[ ! -v elsewhere ]] || rm -rf "$elsewhere"
}

# ---- --skip and --count

# Both at every place around the sizes at which zc-cat changes its method.
ranges="0:0 0:1 1:0 1:1 4095:2 65536:65536 65535:131074 1048576:1048577 1:8388608 8388607:3 19999999:1
    19999999:7 20000000:1 20000001:1 0:20000000 0:99999999 5:19999995"

# each_range: through the command that `through` holds, with $skip and $count; it
# reads f and writes copy.
each_range() {
    make_file f 20000000
    export skip count
    local range
    for range in $ranges; do
        skip=${range%:*} count=${range#*:}
        tail -c +$((skip + 1)) f | head -c "$count" >expected || true # head leaves
        rm -f copy
        limited bash -o pipefail -c "$through" || { echo "$range"; return 1; }
        same expected copy || { echo "$range"; return 1; }
    done
}

@test "every range: of a file, to a file" {
    # shellcheck disable=SC2016 # the shell there expands
    through='zc-cat --skip=$skip --count=$count f >copy' each_range
}

@test "every range: of a file, to a pipe" {
    # shellcheck disable=SC2016
    through='zc-cat --skip=$skip --count=$count f | /usr/bin/cat >copy' each_range
}

# zc-cat leaves before the end: the one who writes is ended by SIGPIPE, which is no error here.
@test "every range: of a pipe" {
    # shellcheck disable=SC2016
    through='set +o pipefail; /usr/bin/cat f | zc-cat --skip=$skip --count=$count >copy' each_range
}

@test "every range: of a FIFO" {
    mkfifo fifo
    # shellcheck disable=SC2016
    through='(/usr/bin/cat f >fifo) & zc-cat --skip=$skip --count=$count fifo 2>said >copy
        status=$?; if ((count == 0)); then : <fifo; fi; wait; exit $status' each_range
}

@test "every range: of a socket" {
    # shellcheck disable=SC2016
    through='onto stdin-socketpair=f -- zc-cat --skip=$skip --count=$count >copy 2>said' each_range
}

@test "every range: of a command, and of five files" {
    make_file f 20000000
    split -b 4000000 -d f part
    # shellcheck disable=SC2016
    through='zc-cat --skip=$skip --count=$count part0? >copy' each_range
    # shellcheck disable=SC2016
    through='zc-cat --skip=$skip --count=$count --from OPEN:part00 part0[1-4] -o copy' each_range
}

@test "a boundary of two files inside what is skipped, and inside what is counted" {
    printf abc >one
    printf def >two
    printf ghi >three
    [ "$(limited zc-cat --skip 4 --count 3 one two three)" = efg ]
    [ "$(limited zc-cat --skip 3 one two)" = def ]
    [ "$(limited zc-cat --skip 2 --count 1 one two)" = c ]
    [ "$(limited zc-cat --skip 7 one two < <(printf -- never) --from SYSTEM:'printf ghi')" = hi ]
    [ "$(limited zc-cat --skip 4 one - three < <(printf typed))" = ypedghi ]
}

@test "to skip more than there is gives nothing, and is no error" {
    printf abc >f
    for words in "--skip 3 f" "--skip 4 f" "--skip 1T f" "--skip 7 f f" "--skip 9 -" "--skip 9 f -n"; do
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-cat $words < <(printf x)
        succeeds
        [ -z "$output" ]
    done
}

@test "a missing file counts nothing" {
    printf abc >one
    printf def >two
    run --separate-stderr limited zc-cat --skip 1 --count 4 one nosuch two
    fails_with "zc-cat: nosuch: No such file or directory"
    [ "$output" = bcde ]
}

@test "--count opens no input that it does not need" {
    printf abc >one
    run --separate-stderr limited zc-cat --count 3 one nosuch --from SYSTEM:'echo >made'
    succeeds
    [ "$output" = abc ]
    [ ! -e made ]
}

@test "the units" {
    make_file f 3000000
    local unit
    for unit in 7=7 010=10 2K=2048 2k=2048 2KB=2000 2kb=2000 2KiB=2048 2kib=2048 \
        2M=2097152 2m=2097152 2MB=2000000 2mb=2000000 2MiB=2097152 2mib=2097152; do
        [ "$(limited zc-cat --count "${unit%=*}" f | wc -c)" -eq "${unit#*=}" ] || { echo "$unit"; return 1; }
        [ "$(limited zc-cat --skip "${unit%=*}" f | wc -c)" -eq $((3000000 - ${unit#*=})) ] ||
            { echo "$unit"; return 1; }
    done
    for unit in 1G=1073741824 1g=1073741824 1GB=1000000000 1GiB=1073741824 1T=1099511627776 1TB=1000000000000; do
        truncate -s "${unit#*=}" huge
        printf end >>huge
        [ "$(limited zc-cat --skip "${unit%=*}" huge)" = end ] || { echo "$unit"; return 1; }
    done
}

@test "what is no size is refused, with one line and where to look" {
    printf abc >f
    local option size
    for option in --skip --count; do
        for size in '' x K -1 +1 ' 1' '1 ' '1 K' 1.5 1.5K 0x10 1e3 1_000 1,000 1K1 1X 1B 1Ki 1KBB 1P "1'" \
            18446744073709551616 99999999999999999999 99999999999T 16777216T; do
            run --separate-stderr limited zc-cat "$option=$size" -o made f
            fails_with "zc-cat: $option: '$size' is no size; 4096, 64K, 10MB and 1GiB are
Try 'zc-cat --help' for more information."
            [ ! -e made ]
        done
    done
    [ "$(limited zc-cat --count 18446744073709551615 f)" = abc ]
}

@test "what --count leaves is the next reader's: of a file, a pipe, a socket" {
    make_file f 300000
    tail -c +11 f >expected
    limited bash -c '(zc-cat --count 10 >first; /usr/bin/cat >rest) <f'
    same expected rest
    limited bash -c '/usr/bin/cat f | (zc-cat --count 10 >first; /usr/bin/cat >rest)'
    same expected rest
    limited bash -c '/usr/bin/cat f | (zc-cat --count 10 | /usr/bin/cat >first; /usr/bin/cat >rest)'
    same expected rest
    # shellcheck disable=SC2016 # the shell there expands
    limited onto stdin-socketpair=f -- bash -c 'zc-cat --count 10 >first; /usr/bin/cat >rest'
    same expected rest
    limited bash -c '/usr/bin/cat f | (zc-cat -A --count 10 >first; /usr/bin/cat >rest)'
    same expected rest
    limited bash -c '/usr/bin/cat f | (zc-cat --skip 4 --count 6 >first; /usr/bin/cat >rest)'
    same expected rest
    limited bash -c '/usr/bin/cat f | (zc-cat --count 10 - --from SYSTEM:"echo never" >first; /usr/bin/cat >rest)'
    same expected rest
}

@test "--count 0 reads nothing" {
    make_file f 300000
    limited bash -c '/usr/bin/cat f | (zc-cat --count 0 >first; /usr/bin/cat >rest)'
    [ ! -s first ]
    same f rest
    run --separate-stderr limited strace -f -qq -o trace -P "$PWD/f" -e trace=read,pread64,splice,sendfile,copy_file_range \
        zc-cat --count 0 f
    succeeds
    [ -z "$output" ]
    [ ! -s trace ]
    limited zc-cat --count 0 f -o out
    [ -e out ]
    [ ! -s out ]
}

@test "--count of a source that goes on, and stays open" {
    [ "$(limited zc-cat --skip 3000000 --count 5000000 /dev/zero | wc -c)" -eq 5000000 ]
    mkfifo fifo
    exec 8<>fifo
    printf 'abcdef' >&8
    [ "$(limited zc-cat --skip 1 --count 3 fifo)" = bcd ]
    printf 'gh' >&8
    [ "$(limited zc-cat --count 4 <&8)" = efgh ]
    exec 8>&-
}

@test "files of /proc, whose size is a lie" {
    /usr/bin/cat /proc/version /proc/filesystems >all
    limited zc-cat --skip 10 --count 40 /proc/version >copy
    tail -c +11 /proc/version | head -c 40 >expected
    same expected copy
    local version_bytes
    version_bytes=$(wc -c </proc/version)
    limited zc-cat --skip $((version_bytes + 3)) /proc/version /proc/filesystems >copy
    tail -c +4 /proc/filesystems >expected
    same expected copy
}

@test "--skip seeks over three GB" {
    truncate -s 3000000000 f
    printf 'tail of it' >>f
    limited strace -f -qq -o trace -P "$PWD/f" -e trace=read,pread64,preadv,preadv2,splice,sendfile,copy_file_range \
        zc-cat --skip 3000000000 --count 5 f >copy
    [ "$(<copy)" = "tail " ]
    awk -F ' = ' '{ bytes += $NF } END { print bytes; exit !(bytes == 5) }' trace
    [ "$(limited zc-cat --skip 3000000005 <f)" = "of it" ]
}

@test "--skip starts where standard input stands" {
    printf 'abcdefghij' >f
    [ "$(limited bash -c '(dd bs=3 count=1 status=none of=skipped; zc-cat --skip 2 --count 3) <f')" = fgh ]
}

@test "lines are numbered from the first that comes out" {
    printf 'one\ntwo\nthree\n' >f
    run --separate-stderr limited zc-cat -n --skip 4 --count 6 f
    succeeds
    [ "$output" = $'     1\ttwo\n     2\tth' ]
    [ "$(limited zc-cat -E --count 4 f f)" = "one\$" ]
}

# ---- --sparse

data() { head -c "$1" /dev/zero | tr '\0' "${2:-x}"; }
zeros() { head -c "$1" /dev/zero; }
bytes_on_disk() { echo $(($(stat -c '%b * %B' "$1"))); }

# small FILE BYTES: it takes no more than that on the disk.
small() {
    local size
    size=$(bytes_on_disk "$1")
    ((size <= $2)) || { echo "$1 takes $size bytes"; return 1; }
}

# patterns: the files of holes and data, each also without a hole.
patterns() {
    truncate -s 5000000 all_hole
    { data 5000; zeros 1000000; data 3; zeros 4095; data 9; zeros 8193; data 70000; } >mixed
    { zeros 3000001; data 5; } >at_start
    { data 5; zeros 3000001; } >at_end
    { zeros 4095; data 1; zeros 4096; data 1; zeros 4097; } >small_ones
    { zeros 2000; } >less_than_a_block
    { zeros 4096; } >a_block
    : >nothing
    make_file random 3000000
    names=(all_hole mixed at_start at_end small_ones less_than_a_block a_block nothing random)
    local name
    for name in "${names[@]}"; do cp --sparse=always "$name" "$name.holes"; done
    for name in "${names[@]}"; do /usr/bin/cat "$name" >"$name.dense"; done
    names=("${names[@]/%/.holes}" "${names[@]/%/.dense}")
}

@test "every pattern of holes and data arrives whole" {
    local names=() name
    patterns
    for name in "${names[@]}"; do
        limited zc-cat --sparse "$name" -o copy
        limited zc-cat --sparse "$name" >shell
        limited zc-cat --sparse < <(/usr/bin/cat "$name") -o from_pipe
        limited zc-cat --sparse "$name" | /usr/bin/cat >to_pipe
        limited zc-cat --sparse --from "OPEN:$name" --to CREATE:to
        same "$name" copy shell from_pipe to_pipe to || { echo "for: $name"; return 1; }
    done
}

@test "all patterns in a row arrive whole, also behind what is there" {
    local names=()
    patterns
    /usr/bin/cat "${names[@]}" >expected
    limited zc-cat --sparse "${names[@]}" -o copy
    limited bash -c 'printf 123 >behind; exec 8>>behind; zc-cat --sparse "$@" >&8' - "${names[@]}"
    printf 123 >before
    limited zc-cat --sparse --append -o before "${names[@]}"
    (printf 123; limited zc-cat --sparse "${names[@]}") >shell
    same expected copy
    printf 123 | /usr/bin/cat - expected >longer
    same longer behind before shell
}

@test "a hole stays a hole, and zeros become one" {
    { data 4096; zeros 20000000; data 4096; } >dense
    cp --sparse=always dense holes
    (($(bytes_on_disk dense) > 10000000)) || skip "this file system leaves holes by itself"
    small holes 100000 || skip "no holes here"
    limited zc-cat --sparse holes -o from_holes
    limited zc-cat --sparse dense -o from_zeros
    limited zc-cat --sparse < <(/usr/bin/cat dense) >from_pipe
    limited zc-cat --sparse --skip 0 --count 20000000 dense -o counted
    same dense from_holes from_zeros from_pipe
    local name
    for name in from_holes from_zeros from_pipe counted; do small "$name" 100000; done
    # Without it zeros are written.
    limited zc-cat < <(/usr/bin/cat dense) >written
    (($(bytes_on_disk written) > 10000000))
}

@test "a large hole is not read" {
    truncate -s 3000000000 f
    printf end >>f
    limited strace -f -qq -o trace -e trace=read -P "$PWD/f" zc-cat --sparse f -o copy
    awk -F ' = ' '{ bytes += $NF } END { print bytes; exit !(bytes < 100000) }' trace
    [ "$(stat -c %s copy)" -eq 3000000003 ]
    [ "$(tail -c 4 copy | tr '\0' 0)" = 0end ]
    small copy 100000
}

@test "the old content of a longer file is replaced by zeros, and kept behind" {
    local names=() name
    patterns
    for name in "${names[@]}"; do
        data 6000000 old >out
        { /usr/bin/cat "$name"; tail -c +$(($(stat -c %s "$name") + 1)) out; } >expected
        limited zc-cat --sparse "$name" 1<>out
        same expected out || { echo "for: $name"; return 1; }
    done
}

@test "a shorter file is written over and made longer" {
    local names=() name
    patterns
    for name in "${names[@]}"; do
        data 4100 >out
        { /usr/bin/cat "$name"; tail -c +$(($(stat -c %s "$name") + 1)) out; } >expected
        limited zc-cat --sparse "$name" 1<>out
        same expected out || { echo "for: $name"; return 1; }
    done
}

@test "a part of a sparse file" {
    { zeros 10000; data 10000; zeros 1000000; data 3; zeros 100000; } >dense
    cp --sparse=always dense f
    local range
    for range in 0:1 0:10000 1:10000 9999:2 10000:10000 15000:900000 20000:4096 20001:8192 1020000:3 \
        1020003:100000 1020002:99999 1120002:1 1120003:1; do
        tail -c +$((${range%:*} + 1)) dense | head -c "${range#*:}" >expected || true
        limited zc-cat --sparse --skip "${range%:*}" --count "${range#*:}" f -o copy
        same expected copy || { echo "$range"; return 1; }
    done
}

@test "onto another file system" {
    [[ -d /dev/shm && -w /dev/shm ]] || skip "no tmpfs here"
    elsewhere=$(mktemp -d -p /dev/shm)
    local names=() name
    patterns
    for name in "${names[@]}"; do
        limited zc-cat --sparse "$name" -o "$elsewhere/copy"
        same "$name" "$elsewhere/copy"
        limited zc-cat --sparse "$elsewhere/copy" -o back
        same "$name" back
    done
    limited zc-cat --sparse all_hole.dense -o "$elsewhere/copy"
    small "$elsewhere/copy" 4096 # the last bytes are no whole block
}

@test "--sparse beside line options, a file of /proc, a device" {
    { zeros 8192; printf '\n'; } >f
    limited zc-cat --sparse -v f -o copy
    /usr/bin/cat -v f >expected
    same expected copy
    limited zc-cat --sparse /proc/version -o copy
    same /proc/version copy
    limited zc-cat --sparse --count 1000000 /dev/zero -o copy
    [ "$(stat -c %s copy)" -eq 1000000 ]
    small copy 4096
}
