# zc-cat where the system gives little: few descriptors, no pipe quota, many files.
load helpers

setup() {
    set_up
    # The leak checker cannot work under another tracer.
    export ASAN_OPTIONS=detect_leaks=0
}
teardown() { clean_up; }

# system_calls NAME ...: how many calls zc-cat makes to copy these files to a pipe.
system_calls() {
    rm -f trace
    limited strace -f -qq -o trace "$program" "$@" | /usr/bin/cat >/dev/null
    wc -l <trace
}

@test "9 descriptors are enough" {
    make_file f 20000000
    make_file small 100
    run --separate-stderr limited bash -c '
        ulimit -n 9
        zc-cat f small f - <small | cat >copy'
    succeeds
    cat f small f small >expected
    same expected copy
}

@test "9 descriptors are enough between addresses" {
    make_file f 3000000
    run --separate-stderr limited bash -c '
        ulimit -n 9
        exec zc-cat --from OPEN:f --from "EXEC:cat f" --to CREATE:copy'
    succeeds
    cat f f >expected
    same expected copy
}

@test "a user whose quota of pipes is used up gets the same bytes" {
    ((EUID == 0)) || skip "only root can become another user"
    make_file f 9000000
    local as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups) program aid
    program=$(command -v zc-cat) aid=$(command -v onto)
    "${as_nobody[@]}" test -x "$program" -a -x "$aid" || skip "nobody may not run $program"
    local way
    for way in "$program" "$program --zero-copy=always" "$program --zero-copy=never"; do
        # The pipes are made by nobody, too: a pipe counts for who has made it.
        limited "${as_nobody[@]}" bash -o pipefail -c "
            cat | '$aid' no-pipe-quota -- $way | cat" <f >copy
        same f copy
    done
}

@test "no more system calls for each file than GNU cat makes" {
    local i ours theirs
    for i in {1..101}; do make_file "f$i" 100 "$i"; done
    program=$(command -v zc-cat)
    ours=$(($(system_calls f{1..101}) - $(system_calls f1)))
    program=/usr/bin/cat
    theirs=$(($(system_calls f{1..101}) - $(system_calls f1)))
    echo "for 100 files: ours $ours, theirs $theirs"
    ((ours > 0 && ours <= theirs))
}
