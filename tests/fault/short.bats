# Calls that do less than they were asked to, which the kernel may at any time, lose
# no byte.
load ../cli/helpers

setup() {
    set_up
    # Ours stands before the sanitizer's library; the leak checker is not what is tested.
    export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
    bytes=20000003
}
teardown() { clean_up; }

# short CALL SCENARIO ...: each is whole with every, every second and every fifth CALL cut.
short() {
    local call=$1 scenario every
    shift
    for scenario; do
        for every in 1 2 5; do
            under=(env "SHORT_COUNTS=$call:$every" "LD_PRELOAD=$ZC_AIDS/libshort_counts.so")
            "$scenario" || { echo "$scenario: every ${every}th $call"; return 1; }
        done
    done
}

tee_pipe() {
    rm -f one two
    stream make $bytes | limited "${under[@]}" zc-tee one two --to 'SYSTEM:cat >three' |
        stream check $bytes && stream check $bytes <one && same one two three
}
tee_file() {
    [[ -e s ]] || make_file s $bytes
    rm -f one two
    limited "${under[@]}" zc-tee one --to 'SYSTEM:cat >three' <s | stream check $bytes &&
        same s one three
}
tee_copying() {
    rm -f one two
    stream make $bytes | limited "${under[@]}" zc-tee --zero-copy=never one two |
        stream check $bytes && stream check $bytes <one && same one two
}
cat_file() {
    [[ -e s ]] || make_file s $bytes
    limited "${under[@]}" zc-cat s | stream check $bytes &&
        limited "${under[@]}" zc-cat s -o copy && same s copy
}
cat_pipe() { stream make $bytes | limited "${under[@]}" zc-cat | stream check $bytes; }

@test "splice is short" { short splice tee_pipe tee_file cat_file cat_pipe; }
@test "tee is short" { short tee tee_pipe tee_file; }
@test "write is short" { short write tee_copying tee_file tee_pipe cat_file; }
@test "read is short" { short read tee_copying tee_file cat_file; }
@test "copy_file_range is short" { short copy_file_range tee_file cat_file; }

@test "the control: the counts are short" {
    make_file s $bytes
    limited strace -f -qq -o trace -e trace=write -E "SHORT_COUNTS=write:2" \
        -E "LD_PRELOAD=$ZC_AIDS/libshort_counts.so" zc-cat --zero-copy=never s >copy
    same s copy
    grep -q ', 43691) ' trace
}
