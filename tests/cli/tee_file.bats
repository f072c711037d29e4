# zc-tee with a file as its input: pages and extents, while nobody can write it.
load helpers
load images
load safe

setup() { set_up; }
teardown() {
    clean_up
    leave_image
}

# Not its child.
mover_pid() { pgrep -n -x zc-tee -g "$mover"; }

# As zc-cat's, with a program that digests what it gets and a file beside the reader.
tee_of() {
    cat >tee_of <<'END'
#!/bin/bash
exec zc-tee -p beside --to 'SYSTEM:sha256sum >sum' <"$1"
END
    chmod +x tee_of
    PATH=$PWD:$PATH
}

@test "a writer never changes what was taken before it, and digest and copies agree" {
    local way try
    make_contents
    tee_of
    for way in overwrite map truncate; do
        for try in {1..5}; do # on a busy machine the reader may be later than the grace
            stream make 20000003 >f
            attack "$way" "$BATS_TEST_TMPDIR/f" tee_of
            says 'its reader was behind' said || break
            finished "$mover" 1
        done
        finished "$mover"
        echo "$way, try $try: the writer waited $(cat waited) ms"
        (($(cat waited) < 500))
        check_seam "$way"
        same copy beside
        [ "$(sha256sum <copy)" = "$(cat sum)" ]
    done
}

@test "the control: --zero-copy=always, where the copies do not agree" {
    make_contents
    stream make 20000003 >f
    cat >tee_of <<'END'
#!/bin/bash
exec zc-tee --zero-copy=always beside <"$1"
END
    chmod +x tee_of
    PATH=$PWD:$PATH attack overwrite "$BATS_TEST_TMPDIR/f" tee_of
    finished "$mover"
    ! cmp -s copy beside || (($(first_difference old copy) < before))
}

@test "a reader that does not read: the writer goes on, zc-tee says so and fails" {
    make_file f 20000003
    tee_of
    feed "$BATS_TEST_TMPDIR/f" tee_of
    start_writer overwrite f 2
    finished "$writer"
    (($(cat waited) < 1000))
    open_gate
    open_gate
    finished "$mover" 1
    [ "$(cat said)" = "zc-tee: read error: file was opened for writing while its reader was behind" ]
}

@test "a file that somebody has open for writing is read once for all" {
    make_file f 20000003
    exec 7<>f
    limited zc-tee --explain one --to 'SYSTEM:cat >two' <f 2>said | cat >three
    exec 7<&-
    grep -q 'opened for writing by another process' said
    same f one two three
}

shares_extents() {
    command -v filefrag || skip "no filefrag here"
    make_file there/f 20000003
    limited zc-tee --explain there/g there/h <there/f 2>said | cat >copy
    same there/f there/g there/h copy
    all_shared there/g
    all_shared there/h
    grep -q 'there/g (regular file): reflink, 20000003 bytes by reflink$' said
    limited zc-tee --zero-copy=never there/i <there/f | cat >copy
    same there/f there/i copy
    run ! all_shared there/i
}

@test "xfs: files that are written share the input's extents" { on_xfs; shares_extents; }
@test "btrfs: files that are written share the input's extents" { on_btrfs; shares_extents; }

@test "the rest of the input is the next program's, whatever method was used" {
    make_file f 20000003
    { limited zc-tee one >/dev/null; cat >rest; } <f
    same f one
    [ ! -s rest ]
    { head -c 4096 >first; limited zc-tee one | cat >two; cat >rest; } <f
    tail -c +4097 f >expected
    same expected one two
    [ ! -s rest ]
}
