# zc-cat: the pages it hands out stay what they were, whoever writes the file.
# `plain` is the control: the loop without a lease, which these writers do harm.
load helpers

setup() { set_up; }
teardown() {
    clean_up
    if mountpoint -q there; then umount there || umount -l there; fi
    if [[ -v in_memory ]]; then rm -rf "$in_memory"; fi
}

mover_pid() { pgrep -n -g "$mover"; }

# How many bytes of the file the mover has taken.
taken() {
    local pid fd at most=0
    pid=$(mover_pid) || return 1
    for fd in /proc/"$pid"/fd/*; do
        [[ $fd -ef $file ]] || continue
        at=$(sed -n 's/^pos:\s*//p' "/proc/$pid/fdinfo/${fd##*/}")
        ((at <= most)) || most=$at
    done
    echo "$most"
}
has_taken() { (($(taken) >= $1)); }

# feed FILE PROGRAM ...: the program's reader takes 2 MiB, waits, takes 4 MiB more,
# waits, and takes the rest. Returns when another MiB is on its way.
feed() {
    file=$1
    shift
    rm -f out gate copy said written waited
    mkfifo out gate
    start_shell '{ head -c 2097152; : <gate; head -c 4194304; : <gate; cat; } <out >copy'
    reader=$started_pid
    start_shell "exec $* '$file' >out 2>said"
    mover=$started_pid
    until_true has_taken 3145728
    before=$(taken)
}

# Ends with the writer at work: it waits for the lease, or has written already.
start_writer() {
    start_shell "writer $* >waited && : >written"
    writer=$started_pid
    until_true writer_came
}
writer_came() { [[ -e written ]] || grep -q "BREAKING.*:$(stat -c %i "$file") " /proc/locks; }

# attack WAY FILE PROGRAM ...: one of the writers comes while the program's pipe is full.
attack() {
    local way=$1 argument
    feed "${@:2}"
    # A cut inside of a page that is out: what follows in that page becomes zeros.
    if [[ $way == truncate ]]; then argument=2200100; else argument=2; fi
    start_writer "$way" "$file" "$argument"
    open_gate
    finished "$writer"
    open_gate
    finished "$reader"
}

# The first byte at which two files differ, counted from 0; where the shorter ends.
first_difference() {
    local said
    if said=$(cmp "$1" "$2" 2>&1); then stat -c %s "$1"; return; fi
    if [[ $said == *EOF* ]]; then
        sed 's/.*after [a-z]* \([0-9]*\).*/\1/' <<<"$said"
    else
        echo $(($(sed 's/.*: [a-z]* \([0-9]*\),.*/\1/' <<<"$said") - 1))
    fi
}

# What came is what the file held before, at least as far as it had been taken;
# then what the writer left. While the writer is at work one buffer may be read,
# of which each byte is the one or the other.
check_seam() {
    local seam window=262144
    seam=$(first_difference old copy)
    echo "changed from byte $seam on; $before were taken before the writer came"
    ((seam >= before))
    if [[ $1 == truncate ]]; then
        ((seam == $(stat -c %s copy)))
        return
    fi
    (($(stat -c %s copy) == $(stat -c %s old)))
    cmp -i $((seam + window)) new copy
    comm -12 <(cmp -l -i "$seam" -n $window old copy | awk '{ print $1 }' | sort) \
        <(cmp -l -i "$seam" -n $window new copy | awk '{ print $1 }' | sort) >neither
    [ ! -s neither ]
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

make_contents() { stream make 20000003 >old; stream make 20000003 2 >new; }

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

@test "two of them on one file: neither is changed" {
    make_contents
    cp old f
    feed "$BATS_TEST_TMPDIR/f" "zc-cat '$BATS_TEST_TMPDIR/f' | cat >other; exec zc-cat"
    same old other
    open_gate
    open_gate
    finished "$reader"
    same old copy
}

@test "tmpfs: a writer never changes what was taken before it" {
    in_memory=$(mktemp -d -p /dev/shm) || skip "no /dev/shm here"
    core "$in_memory"
}

# on_image MKFS ...: the core on a file system in a file.
on_image() {
    ((EUID == 0)) || skip "only root mounts"
    truncate -s 400M image
    "$@" image >/dev/null 2>&1 || skip "no $1 here"
    mkdir -p there
    mount -o loop image there 2>/dev/null || skip "a loop device cannot be mounted"
    core there
}

@test "ext4: a writer never changes what was taken before it" { on_image mkfs.ext4 -qF; }
@test "xfs: a writer never changes what was taken before it" { on_image mkfs.xfs -q; }
@test "btrfs: a writer never changes what was taken before it" { on_image mkfs.btrfs -q; }
