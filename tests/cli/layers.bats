# scripts/layers sees what it is there to see: each test plants one forbidden line in a copy.

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    layers=$root/scripts/layers
    copy=$BATS_TEST_TMPDIR/copy
    mkdir -p "$copy"
    cp -r "$root/src" "$root/tools" "$copy"
}

# Appends line $2 to file $1 of the copy; the script must name the file and a reason with $3.
plant() {
    mkdir -p "$(dirname "$copy/$1")"
    printf '%s\n' "$2" >>"$copy/$1"
    run "$layers" "$copy"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output =~ $1:[0-9]+:\ .*$3 ]]
}

@test "layers: the repository is green" {
    run "$layers" "$root"
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "layers: kernel including engine points up" {
    plant src/kernel/zz.cpp '#include "engine/transfer.hpp"' 'points up'
}

@test "layers: engine does not know address" {
    plant src/engine/zz.cpp '#include "address/address.hpp"' 'points up'
}

@test "layers: a path does not include another path" {
    plant src/engine/path_zz.cpp '#include "engine/path_copy.hpp"' 'paths do not know each other'
}

@test "layers: a path may include its own header" {
    printf '#include "engine/path_zz.hpp"\n' >"$copy/src/engine/path_zz.cpp"
    run "$layers" "$copy"
    [ "$status" -eq 0 ]
}

@test "layers: a tool does not include the seam" {
    plant tools/zz.cpp '#include "kernel/sys.hpp"' 'below the library'
}

@test "layers: a tool does not include unistd.h" {
    plant tools/zz.cpp '#include <unistd.h>' 'no system calls'
}

@test "layers: errno outside the seam" {
    plant src/engine/zz.cpp 'int f() { return errno; }' 'errno belongs'
}

@test "layers: errno in a comment or a string is no use of it" {
    printf '// errno\n/* a\nerrno b */ const char* p = "errno"; int errno_kept = 0;\n' \
        >"$copy/src/engine/zz.cpp"
    run "$layers" "$copy"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "layers: CLI11 in the library" {
    plant src/address/zz.cpp '#include <CLI/CLI.hpp>' 'only tools/command_line.cpp'
}

@test "layers: CLI11 in a second file of the tools" {
    plant tools/zz.hpp '#include <CLI/App.hpp>' 'only tools/command_line.cpp'
}

@test "layers: the library does not print" {
    plant src/engine/zz.cpp 'void f() { std::fprintf(stderr, "x"); }' 'never prints'
}

@test "layers: the library does not exit" {
    plant src/engine/zz.cpp 'void f() { std::exit(1); }' 'never exits'
}

@test "layers: a room that nobody knows" {
    plant src/attic/zz.cpp 'int x;' 'no such room'
}
