# --no-cache: what goes through leaves nothing in the page cache, and what was there stays.
load helpers
load images

setup() {
    set_up
    bytes=$((32 * 1024 * 1024 + 5))
    pages=$((bytes / 4096 + 1))
    few=$((pages / 100))
}
teardown() {
    cd "$BATS_TEST_TMPDIR" || return
    clean_up
    leave_image
}

# at_most N FILE: no more of its pages are cached; the kernel drops behind a write in its own time.
at_most() { (($(in_core "$2") <= $1)); }
# A quarter of it is cached, the rest is not.
warm_beginning() {
    hot=$(in_core --warm "$1")
    ((hot >= pages / 4 && hot < pages / 3))
}
keeps_what_was_hot() {
    until_true at_most $((hot + few)) "$1"
    local left
    left=$(in_core "$1")
    # The kernel may take some of its own accord.
    ((left >= hot - few)) || { echo "$left of $hot pages are left of $1"; return 1; }
}

# With $traced before the program.
leaves_nothing() {
    make_file f $bytes
    warm_beginning f
    limited "${traced[@]}" zc-cat --no-cache f -o copy
    keeps_what_was_hot f
    until_true at_most $few copy
    same f copy

    warm_beginning f
    limited "${traced[@]}" zc-tee --no-cache one two <f >/dev/null
    keeps_what_was_hot f
    until_true at_most $few one
    until_true at_most $few two
    same f one two

    in_core --drop f one >/dev/null
    limited "${traced[@]}" zc-relay --no-cache -u OPEN:f CREATE:relayed
    until_true at_most $few f
    until_true at_most $few relayed
    same f relayed
}

@test "no-cache: nothing stays, and what was there does" { leaves_nothing; }

@test "no-cache: xfs" { on_xfs; cd there; leaves_nothing; }

# It has no RWF_DONTCACHE.
@test "no-cache: btrfs" { on_btrfs; cd there; leaves_nothing; }

@test "no-cache: a kernel without RWF_DONTCACHE" {
    traced=(strace -qq -f -o /dev/null -e inject=preadv2,pwritev2:error=EOPNOTSUPP)
    export ASAN_OPTIONS=detect_leaks=0
    leaves_nothing
}

@test "no-cache: --explain says which way it was" {
    make_file f $bytes
    run --separate-stderr zc-cat --no-cache --explain f -o copy
    [[ $status -eq 0 && $stderr == *"$bytes bytes by uncached" ]]
    traced=(strace -qq -f -o /dev/null -e inject=preadv2:error=EOPNOTSUPP)
    export ASAN_OPTIONS=detect_leaks=0
    run --separate-stderr "${traced[@]}" zc-cat --no-cache --explain f -o copy
    [[ $status -eq 0 && $stderr == *"$bytes bytes by copy; not uncached but copy: "* ]]
}

@test "no-cache: line modes and holes, too" {
    make_file f $bytes
    in_core --drop f >/dev/null
    limited zc-cat --no-cache -n f -o numbered
    until_true at_most $few f
    until_true at_most $((few * 2)) numbered
    zc-cat -n f | same - numbered

    truncate -s 40M holes
    cat f >>holes
    in_core --drop holes >/dev/null
    limited zc-cat --no-cache --sparse holes -o copy
    until_true at_most $few holes
    until_true at_most $few copy
    same holes copy
}

@test "no-cache: what stood in a file that is written over stays where it was hot" {
    make_file f $bytes
    make_file there $bytes 2
    traced=(strace -qq -f -o /dev/null -e inject=preadv2,pwritev2:error=EOPNOTSUPP)
    export ASAN_OPTIONS=detect_leaks=0
    warm_beginning there
    limited "${traced[@]}" zc-cat --no-cache f 1<>there
    keeps_what_was_hot there
    same f there
    # Who may not look leaves it alone.
    cat there >/dev/null
    limited "${traced[@]}" zc-relay --no-cache -u OPEN:f OPEN:there,wronly
    (($(in_core there) == pages))
}
