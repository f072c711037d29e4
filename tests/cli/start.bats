#!/usr/bin/env bats
# What a program does before main() is paid at every start, also for a file of 100 bytes.
load helpers

setup() {
    set_up
    grep -q '^CMAKE_BUILD_TYPE:STRING=Release' "$ZC_BUILD/CMakeCache.txt" ||
        skip "only programs as released start like released ones"
}
teardown() { clean_up; }

@test "start: no program asks the processor before main" {
    for program in zc-cat zc-tee zc-relay; do
        run -0 nm "$ZC_BIN/$program"
        [[ $output == *" T main"* ]]
        [[ $output != *__cpu_indicator_init* ]]
    done
}

@test "start: no program makes streams before main" {
    for program in zc-cat zc-tee zc-relay; do
        run -0 nm -C "$ZC_BIN/$program"
        [[ $output != *"std::ios_base::Init::Init"* ]]
    done
}

# Each library more is 60 us or more.
@test "start: the programs load the C library and nothing else" {
    for program in zc-cat zc-tee zc-relay; do
        run -0 readelf -d "$ZC_BIN/$program"
        [[ $output == *"[libc.so.6]"* ]]
        others=$(grep NEEDED <<<"$output" | grep -cv -e libc.so.6 -e ld-linux || true)
        [ "$others" -eq 0 ]
    done
}
