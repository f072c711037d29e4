# From file to file: shared extents where the file system has them, a copy where
# not, and holes with --sparse. The file systems are images mounted at `there`.
load helpers
load images

setup() {
    set_up
    # The leak checker cannot work under another tracer.
    export ASAN_OPTIONS=detect_leaks=0
}
teardown() {
    clean_up
    leave_image
    if [[ -v in_memory ]]; then rm -rf "$in_memory"; fi
}

# A folder in memory is left in $in_memory.
on_tmpfs() {
    in_memory=$(mktemp -d -p /dev/shm) || skip "no /dev/shm here"
    ln -s "$in_memory" there
}

# copy_both_ways FOLDER: f there becomes g and h; what was said is in g.said, h.said.
copy_both_ways() {
    limited zc-cat --explain "$1/f" -o "$1/g" 2>g.said
    limited zc-cat --explain "$1/f" >"$1/h" 2>h.said
    same "$1/f" "$1/g" "$1/h"
}

shares_extents() {
    local name
    command -v filefrag || skip "no filefrag here"
    make_file there/f 20000003
    copy_both_ways there
    for name in g h; do
        all_shared "there/$name"
        grep -q ': reflink, 20000003 bytes by reflink$' "$name.said"
    done
}

@test "xfs: a copy shares its extents" { on_xfs; shares_extents; }
@test "btrfs: a copy shares its extents" { on_btrfs; shares_extents; }

@test "xfs: the control: what is written by copying shares nothing" {
    on_xfs
    command -v filefrag || skip "no filefrag here"
    make_file there/f 20000003
    limited zc-cat --zero-copy=never there/f -o there/g
    same there/f there/g
    run ! all_shared there/g
}

@test "a part of a file at an odd offset is right, and so is what is put behind it" {
    on_xfs
    make_file there/f 20000003
    { head -c 4097 >/dev/null && limited zc-cat; } <there/f >there/g
    tail -c +4098 there/f >tail
    same tail there/g
    { printf head && limited zc-cat there/f && printf tail; } >there/h
    { printf head && cat there/f && printf tail; } >expected
    same expected there/h
}

@test "a large file goes in pieces of at most 256 MiB" {
    on_xfs
    command -v strace || skip "no strace here"
    truncate -s 600M there/f
    make_file middle 3000000
    dd if=middle of=there/f bs=1M seek=255 conv=notrunc status=none
    limited strace -e trace=copy_file_range -o calls zc-cat there/f -o there/g
    same there/f there/g
    sed -n 's/^copy_file_range(.*, NULL, \([0-9]*\), 0) .*/\1/p' calls >asked
    (($(wc -l <asked) >= 3))
    (($(sort -n asked | tail -n 1) <= 268435456))
}

# copies_right FOLDER: whatever the file system makes of it, and it is said.
copies_right() {
    local name
    make_file "$1/f" 20000003
    copy_both_ways "$1"
    for name in g h; do grep -qE ': (reflink|copy), 20000003 bytes by (reflink|copy)' $name.said; done
}

@test "ext4, which cannot share: the copy is right, and the method said" {
    on_ext4
    copies_right there
}

@test "tmpfs, which cannot share: the copy is right, and the method said" {
    on_tmpfs
    copies_right there
}

@test "across two file systems it is copied without a word" {
    on_xfs
    make_file there/f 20000003
    run --separate-stderr limited zc-cat there/f -o g
    succeeds
    run --separate-stderr limited zc-cat g -o there/g
    succeeds
    same there/f g there/g
    limited zc-cat --explain there/f -o h 2>said
    grep -q ': copy, 20000003 bytes by copy' said
}

# keeps_holes: holes stay holes, and zeros become some. xfs allocates ahead of a writer.
keeps_holes() {
    local name
    make_file data 1000000
    truncate -s 60000000 there/f
    dd if=data of=there/f bs=1M seek=20 conv=notrunc status=none
    head -c 60000000 there/f | cat >there/dense
    sync there/dense
    (($(blocks dense) * 512 >= 60000000))
    for name in f dense; do
        limited zc-cat --sparse "there/$name" -o there/g
        limited zc-cat --sparse <"there/$name" >there/h
        same there/f there/g there/h
        sync there/g there/h
        echo "$name: $(blocks g) and $(blocks h) blocks"
        (($(blocks g) * 512 < 8000000 && $(blocks h) * 512 < 8000000))
        (($(blocks g) * 512 >= 1000000))
    done
}
blocks() { stat -c %b "there/$1"; }

@test "ext4: --sparse keeps holes" { on_ext4; keeps_holes; }
@test "xfs: --sparse keeps holes" { on_xfs; keeps_holes; }
@test "tmpfs: --sparse keeps holes" { on_tmpfs; keeps_holes; }
