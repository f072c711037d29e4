# zc-cat: the pages it hands out stay what they were, whoever writes the file.
# `plain` is the control: the loop without a lease, which these writers do harm.
load helpers
load images
load safe

setup() { set_up; }
teardown() {
    clean_up
    leave_image
    if [[ -v in_memory ]]; then rm -rf "$in_memory"; fi
}

# On a busy machine the reader may be later than the grace; then that is told.
attack_in_time() {
    local try
    for try in {1..5}; do
        stream make 20000003 >"$2"
        attack "$@"
        says 'its reader was behind' said || break
        finished "$mover" 1
    done
    finished "$mover" || return 1
    echo "try $try: the writer waited $(cat waited) ms"
    (($(cat waited) < 500)) # not the 45 s of /proc/sys/fs/lease-break-time
    check_seam "$1"
}

# core FOLDER: every writer against zc-cat.
core() {
    local way
    make_contents
    for way in overwrite map truncate; do
        echo "$way"
        attack_in_time "$way" "$1/f" zc-cat
    done
    rm -f "$1/f"
}

@test "a writer never changes what was taken before it, and does not wait long" {
    core "$BATS_TEST_TMPDIR"
}

@test "the plain loops' readers get what the writer wrote, or zeros" {
    local way loop
    make_contents
    for loop in direct carrier; do
        for way in overwrite map truncate; do
            stream make 20000003 >f
            attack "$way" "$BATS_TEST_TMPDIR/f" plain "$loop"
            finished "$mover" any
            (($(first_difference old copy) < before)) || { echo "$loop $way"; return 1; }
        done
    done
}

@test "a reader that does not read: the writer goes on, zc-cat says so and fails" {
    make_file f 20000003
    feed "$BATS_TEST_TMPDIR/f" zc-cat
    start_writer overwrite f 2
    finished "$writer"
    finished "$mover" 1
    (($(cat waited) < 1000))
    [ "$(cat said)" = "zc-cat: $file: file was opened for writing while its reader was behind" ]
}

@test "what is done to a file after zc-cat has ended changes nothing" {
    local size way room
    for size in 300000 8388608 9437184 20000003; do
        for way in overwrite truncate; do
            make_file f "$size"
            cp f expected
            rm -f out gate
            mkfifo out gate
            ((room = size < 8388608 ? 57344 : 1040384)) # two slots short of a full pipe
            start_shell "{ head -c $((size - room)); : <gate; cat; } <out >copy"
            reader=$started_pid
            limited zc-cat f >out
            writer "$way" f 2
            open_gate
            finished "$reader"
            same expected copy || { echo "$size $way"; return 1; }
        done
    done
}

@test "a file that somebody has open for writing, or mapped, is copied" {
    local way
    for way in hold hold-map; do
        make_file f 20000003
        cp f expected
        rm -f held waited
        mkfifo held
        start_shell "exec writer $way f 2 <held >waited"
        writer=$started_pid
        exec 8>held
        until_true test -s waited
        until_true no_descriptor_if "$way"
        limited zc-cat --explain f 2>said | cat >copy
        grep -q 'opened for writing by another process' said
        same expected copy
        exec 8>&-
        finished "$writer"
    done
}
# A mapping holds the file for writing when its descriptor is closed, too.
no_descriptor_if() {
    local fd
    [[ $1 == hold-map ]] || return 0
    for fd in /proc/"$(pgrep -n -x writer -g "$writer")"/fd/*; do
        [[ ! $fd -ef f ]] || return 1
    done
}

@test "a lease does not outlive a zc-cat that a signal ended" {
    make_file f 20000003
    exec 7<f
    limited zc-cat <&7 | head -c 1 >head || true
    timeout 10 writer overwrite f 2 >waited
    exec 7<&-
    (($(cat waited) < 500))
}

@test "tmpfs: a writer never changes what was taken before it" {
    in_memory=$(mktemp -d -p /dev/shm) || skip "no /dev/shm here"
    core "$in_memory"
}

@test "ext4: a writer never changes what was taken before it" { on_ext4; core there; }
@test "xfs: a writer never changes what was taken before it" { on_xfs; core there; }
@test "btrfs: a writer never changes what was taken before it" { on_btrfs; core there; }
