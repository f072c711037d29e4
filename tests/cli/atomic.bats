# -o FILE --atomic, zc-tee --atomic: the old file or the new one, whole; and what decides.
load helpers

setup() {
    set_up
    mkdir at
    echo old >at/f
}
teardown() { clean_up; }

# only NAME ...: nothing else is in the folder.
only() { [ "$(ls -A at)" = "$(printf '%s\n' "$@")" ]; }
still_old() { [ "$(cat at/f)" = old ] && only f; }

@test "atomic: replaces the file, keeps its mode and owner, leaves nothing beside it" {
    chmod 4751 at/f
    if ((EUID == 0)); then chown 65534:65534 at/f; fi
    local before
    before=$(stat -c '%a %u %g' at/f)
    make_file in 9000000
    limited zc-cat in -o at/f --atomic
    same in at/f
    [ "$(stat -c '%a %u %g' at/f)" = "$before" ]
    only f
}
@test "atomic: a new file has the umask's mode" {
    umask 027
    limited zc-cat --atomic -o at/new <<<new
    [ "$(stat -c %a at/new)" = 640 ]
    only f new
}
@test "atomic: a symbolic link stays, and leads to the new file" {
    ln -s at/f link
    limited zc-cat --atomic -o link <<<new
    [ -L link ]
    [ "$(cat at/f)" = new ]
}
@test "atomic: the file may be its own input" {
    limited zc-cat at/f --atomic -o at/f at/f
    [ "$(cat at/f)" = "old"$'\n'"old" ]
    only f
}
@test "atomic: who has the old file open keeps it whole" {
    exec 7<at/f
    limited zc-cat --atomic -o at/f <<<new
    [ "$(cat <&7)" = old ]
    exec 7<&-
}

@test "atomic: an input that is not there, a command that fails, a write error: as it was" {
    echo new >in
    run limited zc-cat in nosuch --atomic -o at/f
    [ "$status" -eq 1 ]
    still_old
    run limited zc-cat --from "SYSTEM:echo part; exit 3" --atomic -o at/f
    [ "$status" -eq 1 ]
    still_old
    run limited zc-cat --from "SYSTEM:echo part; kill -9 \$\$" --atomic -o at/f
    [ "$status" -eq 1 ]
    still_old
    make_file big 300000
    run limited bash -c 'trap "" XFSZ; ulimit -f 100; zc-cat big --atomic -o at/f'
    [ "$status" -eq 1 ]
    [[ $output == *"zc-cat: at/f: File too large" ]]
    still_old
}
@test "atomic: a size that was not expected, a time that is over: as it was, exit 3 and 4" {
    run limited zc-cat --atomic -o at/f --expect-size=4 <<<new
    [ "$status" -eq 0 ]
    run limited zc-cat --atomic -o at/f --expect-size=5 <<<new
    [ "$status" -eq 3 ]
    [[ $output == "zc-cat: at/f: 4 bytes, not the 5 expected" ]]
    mkfifo quiet
    exec 7<>quiet
    run limited bash -c 'zc-cat --atomic -o at/f --stall-timeout=0.1 <quiet 7>&-'
    exec 7>&-
    [ "$status" -eq 4 ]
    [ "$(cat at/f)" = new ]
    only f
}
@test "expect-size: without --atomic the bytes are there, and the status tells" {
    run limited zc-cat --expect-size=3 <<<new
    [ "$status" -eq 3 ]
    [[ ${lines[-1]} == "zc-cat: standard output: 4 bytes, not the 3 expected" ]]
    run limited bash -c 'zc-tee --expect-size=1K at/g <<<new >/dev/null'
    [ "$status" -eq 3 ]
    [ "$(cat at/g)" = new ]
}
@test "atomic: not for a device or a folder, a place that cannot be written, or without -o" {
    run limited zc-cat --atomic -o /dev/null <<<new
    [[ $status == 1 && $output == "zc-cat: /dev/null: is not a regular file" ]]
    run limited zc-cat --atomic -o at <<<new
    [[ $status == 1 && $output == "zc-cat: at: is not a regular file" ]]
    run limited zc-cat --atomic -o no/such <<<new
    [[ $status == 1 && $output == "zc-cat: no/such: No such file or directory" ]]
    run limited zc-cat --atomic at/f
    [ "$status" -eq 1 ]
    run limited zc-cat --atomic --append -o at/f at/f
    [ "$status" -eq 1 ]
    still_old
}
@test "atomic: an owner that cannot be kept is told before anything is read" {
    ((EUID == 0)) || skip "only root can become another user"
    local nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    "${nobody[@]}" test -x "$(command -v zc-cat)" || skip "nobody may not run zc-cat"
    local open
    open=$(mktemp -d /tmp/zc-atomic.XXXXXX)
    chmod 777 "$open"
    cp at/f "$open/f"
    run limited "${nobody[@]}" zc-cat --atomic -o "$open/f" <<<new
    local left
    left=$(ls -A "$open") kept=$(cat "$open/f")
    rm -r "$open"
    [[ $status == 1 && $output == "zc-cat: $open/f: its owner cannot be kept" ]]
    [[ $left == f && $kept == old ]]
}

# ---- signals

# begins PROGRAM ...: it has read something, and waits for more from fd 7.
begins() {
    mkfifo more
    exec 7<>more
    start_shell "exec $* <more 7>&-"
    echo part >&7
    writes() { [ -n "$(find "/proc/$(program_of "$started_pid")/fd" -lname "$PWD/at/*" 2>/dev/null)" ]; }
    until_true writes
}
ended_by() {
    kill "-$1" "$(program_of "$started_pid")"
    finished "$started_pid" any
    exec 7>&-
    rm more
    still_old
}
@test "atomic: SIGTERM, SIGINT, SIGHUP leave the file as it was and nothing behind" {
    for signal in TERM INT HUP KILL; do
        begins zc-cat --atomic -o at/f
        ended_by "$signal"
        begins zc-tee --atomic at/f at/g
        ended_by "$signal"
    done
}
@test "atomic: the same with a temporary name, where there are no files without one" {
    export LD_PRELOAD_ZC=$ZC_AIDS/libno_tmpfile.so ASAN_OPTIONS=verify_asan_link_order=0
    shimmed() { LD_PRELOAD=$LD_PRELOAD_ZC "$@"; }
    shimmed zc-cat --atomic -o at/f <<<new
    [ "$(cat at/f)" = new ]
    only f
    echo old >at/f
    run shimmed zc-cat nosuch --atomic -o at/f
    [ "$status" -eq 1 ]
    still_old
    for signal in TERM INT HUP; do
        begins env "LD_PRELOAD=$LD_PRELOAD_ZC" zc-cat --atomic -o at/f
        [ "$(ls -A at | wc -l)" -eq 2 ]
        ended_by "$signal"
    done
}
@test "atomic: a hundred SIGTERM and SIGKILL at random moments: the old or the new file, whole" {
    local i signal new=0
    make_file one 2000000 1
    make_file two 2000000 2
    cp one at/f
    # Between before it has begun and after it has ended: as long as it takes here, and some more.
    local TIMEFORMAT=%R took
    took=$({ time limited bash -c 'exec zc-cat -L 100M two --atomic -o at/g'; } 2>&1)
    rm at/g
    for i in {1..100}; do
        signal=KILL
        ((i % 2)) && signal=TERM
        start_shell "exec zc-cat -L 100M two --atomic -o at/f"
        perl -e 'select(undef, undef, undef, rand(1.5 * $ARGV[0]))' "$took"
        # It may have ended by now.
        kill "-$signal" "$(program_of "$started_pid")" 2>/dev/null || true
        finished "$started_pid" any
        if cmp -s two at/f; then
            new=$((new + 1))
            cp one at/f
        else
            cmp one at/f
        fi
        # Only SIGKILL may leave a name behind, in the instant before it is the file's.
        [[ $signal == KILL ]] || only f
        rm -f at/.f.zc-*
    done
    ((new > 0 && new < 100))
}

# ---- zc-tee

@test "zc-tee --atomic: all files, or none" {
    echo old >at/g
    limited zc-tee --atomic at/f at/g at/h <<<new >/dev/null
    same at/f at/g at/h
    [ "$(cat at/h)" = new ]
    echo old | tee at/f >at/g
    run limited zc-tee --atomic at/f no/such at/g <<<new
    [ "$status" -eq 1 ]
    [[ "$(cat at/f at/g)" == "old"$'\n'"old" ]]
    run limited bash -c 'zc-tee --atomic at/f at/g <<<new >/dev/full'
    [ "$status" -eq 1 ]
    run limited bash -c 'zc-tee --atomic at/f --to "SYSTEM:cat >/dev/null; exit 1" at/g <<<new >/dev/null'
    [ "$status" -eq 1 ]
    [[ "$(cat at/f at/g)" == "old"$'\n'"old" ]]
    only f g h
}
@test "zc-tee --atomic: a reader of standard output that leaves: none" {
    make_file big 3000000
    run limited bash -c 'zc-tee --atomic at/f <big | head -c 10 >/dev/null; exit "${PIPESTATUS[0]}"'
    [ "$status" -eq 141 ]
    still_old
}
@test "fsync: an error of it is exit 1, and the files are synced" {
    export ASAN_OPTIONS=detect_leaks=0
    limited strace -f -o trace -e trace=fsync zc-cat --fsync -o at/g <<<new
    [ "$(grep -c 'fsync(.*) *= 0' trace)" -eq 1 ]
    limited strace -f -o trace -e trace=fsync zc-tee --fsync at/g at/h <<<new >/dev/null
    [ "$(grep -c 'fsync(.*) *= 0' trace)" -ge 2 ]
    limited zc-cat --fsync at/g | cat
    for program in 'zc-cat --fsync -o at/g' 'zc-cat --atomic -o at/f' 'zc-tee --no-stdout --fsync at/g' \
        'zc-tee --no-stdout --atomic at/f'; do
        # shellcheck disable=SC2086
        run limited strace -f -o trace -e trace=fsync -e inject=fsync:error=EIO $program <<<new
        [ "$status" -eq 1 ]
        [[ $output == *": at/"[fg]": Input/output error" ]]
        [ "$(cat at/f)" = old ]
    done
    only f g h
}
