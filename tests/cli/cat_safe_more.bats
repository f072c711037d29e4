# zc-cat's zero-copy from files that are not simply ours on a plain file system:
# shared, of somebody else, growing, on overlay; and what a stopped zc-cat does.
load helpers
load images
load safe

setup() {
    set_up
    # The leak checker cannot work under another tracer.
    export ASAN_OPTIONS=detect_leaks=0
}
teardown() {
    if [[ -v stopped ]]; then kill -CONT "$stopped" 2>&- || true; fi
    if [[ -v break_time ]]; then echo "$break_time" >"$break_time_file"; fi
    clean_up
    leave_image
    if [[ -v reachable ]]; then rm -rf "$reachable"; fi
}

break_time_file=/proc/sys/fs/lease-break-time

# both COMMAND ...: in the folder of each of two zc-cat, with what feed left there.
both() {
    local one
    for one in a b; do
        cd "$BATS_TEST_TMPDIR/$one" || return
        before=${befores[$one]:-}
        "$@" || return
        cd "$BATS_TEST_TMPDIR" || return
    done
}

@test "two at the same time on one file: a writer changes neither, and does not wait long" {
    local try one
    local -A movers readers befores
    make_contents
    mkdir a b
    for try in {1..5}; do
        cp old f
        for one in a b; do
            cd "$BATS_TEST_TMPDIR/$one"
            feed "$BATS_TEST_TMPDIR/f" zc-cat
            movers[$one]=$mover readers[$one]=$reader befores[$one]=$before
        done
        cd "$BATS_TEST_TMPDIR"
        (($(grep -c "LEASE.*READ.*:$(stat -c %i f) " /proc/locks) == 2))
        start_writer overwrite f 2
        both open_gate
        finished "$writer"
        both open_gate
        finished "${readers[a]}"
        finished "${readers[b]}"
        cat a/said b/said >said
        says 'its reader was behind' said || break
    done
    finished "${movers[a]}"
    finished "${movers[b]}"
    echo "try $try: the writer waited $(cat waited) ms"
    (($(cat waited) < 500))
    both check_seam overwrite
}

@test "another user's file is copied" {
    ((EUID == 0)) || skip "only root becomes somebody else"
    reachable=$(mktemp -d)
    chmod 755 "$reachable"
    cp "$(command -v zc-cat)" "$reachable"
    make_file "$reachable/f" 20000003
    chmod 644 "$reachable/f"
    as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    "${as_nobody[@]}" "$reachable/zc-cat" --version || skip "nobody cannot run zc-cat here"
    limited "${as_nobody[@]}" "$reachable/zc-cat" --explain "$reachable/f" 2>said | cat >copy
    same "$reachable/f" copy
    grep -q ': copy, 20000003 bytes by copy' said
    grep -q 'no read lease: Permission denied' said
}

# grows_by BYTES: waits until the file has become so much longer.
grows_by() {
    local goal=$(($(stat -c %s "$file") + $1))
    until_true longer_than "$goal"
}
longer_than() { (($(stat -c %s "$file") > $1)); }

# What came is the file as far as it goes.
check_prefix() {
    (($(stat -c %s copy) >= 20000000))
    cmp -n "$(stat -c %s copy)" copy "$file"
}

@test "a log that grows while it is read: every byte once" {
    seq 1 3000000 >f
    : >logging
    start_shell 'n=0; while [[ -e logging ]]; do echo "line $((n++))"; done >>f'
    logger=$started_pid
    feed "$BATS_TEST_TMPDIR/f" zc-cat
    grows_by 100000
    open_gate
    grows_by 100000
    open_gate
    finished "$reader"
    finished "$mover"
    rm logging
    finished "$logger"
    check_prefix
    [ ! -s said ]
}

@test "a log that is opened anew for every line: every byte once" {
    file=f
    seq 1 3000000 >f
    : >logging
    start_shell 'n=0; while [[ -e logging ]]; do echo "line $((n++))" >>f; done'
    logger=$started_pid
    for try in {1..3}; do
        grows_by 10000
        limited zc-cat f | cat >copy
        check_prefix
    done
    rm logging
    finished "$logger"
}

# overlay NAME: mounts one at `there` whose file f is in the layer of that name.
overlay() {
    ((EUID == 0)) || skip "only root mounts"
    mkdir -p lower upper work there
    cp old "$1/f"
    mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay there 2>/dev/null ||
        skip "no overlay can be mounted here"
}

@test "overlay: one who writes the layer below changes nothing that was taken" {
    local layer
    make_contents
    for layer in upper lower; do
        overlay "$layer"
        feed "$BATS_TEST_TMPDIR/there/f" "zc-cat --explain"
        start_writer overwrite "$layer/f" 2
        finished "$writer"
        open_gate
        open_gate
        finished "$reader"
        finished "$mover"
        check_seam overwrite
        grep -q 'leases of this file system see only some writers' said
        umount there
        rm -rf lower upper work
    done
}

@test "the file system is asked once, and only for a lease" {
    command -v strace || skip "no strace here"
    make_file f 20000003
    make_file small 1000000
    limited strace -f -e trace=fstatfs,statfs -o calls zc-cat f | cat >copy
    same f copy
    (($(grep -c 'fstatfs(' calls) == 1))
    limited strace -f -e trace=fstatfs,statfs -o calls zc-cat small | cat >copy
    same small copy
    (($(grep -c 'statfs(' calls) == 0))
}

@test "stopped for so long that the writer got in: zc-cat says so and fails" {
    { break_time=$(<"$break_time_file") && echo 1 >"$break_time_file"; } 2>&- || {
        unset break_time
        skip "lease-break-time cannot be set here"
    }
    make_contents
    cp old f
    feed "$BATS_TEST_TMPDIR/f" zc-cat
    stopped=$(mover_pid)
    kill -STOP "$stopped"
    start_writer overwrite f 2
    finished "$writer"
    (($(cat waited) >= 500)) # the kernel let it in, not zc-cat
    kill -CONT "$stopped"
    unset stopped
    open_gate
    open_gate
    finished "$reader"
    finished "$mover" 1
    [ "$(cat said)" = "zc-cat: $file: file was opened for writing while its reader was behind" ]
}
