#!/usr/bin/env bats
# What the guard says: of a count that is as it was, of one that is worse, and of none.
bats_require_minimum_version 1.5.0

guard() { "$ZC_ROOT/tests/guard/guard" --limits "$BATS_TEST_TMPDIR/limits" "$@"; }

setup() { cp "$ZC_ROOT/tests/guard/limits" "$BATS_TEST_TMPDIR/limits"; }

# Sets the limit of a job to a share of what it is, in percent.
change_limit() {
    awk -v job="$1" -v percent="$2" \
        '$2 == job { $3 = int($3 * percent / 100) } { print }' "$ZC_ROOT/tests/guard/limits" \
        >"$BATS_TEST_TMPDIR/limits"
}

@test "guard: a count within its limit is told, and is no failure" {
    run -0 guard calls cat-file-copied
    [[ $output == *"cat-file-copied"*"100.0"* ]]
}

@test "guard: a count more than 5 % over its limit fails with both numbers" {
    change_limit cat-file-copied 90
    limit=$(awk '$2 == "cat-file-copied" { print $3 }' "$BATS_TEST_TMPDIR/limits")
    run -1 guard calls cat-file-copied
    [[ $output == *"cat-file-copied"*"WORSE"* ]]
    [[ $output == *"cat-file-copied: "*" calls, the limit is $limit"* ]]
}

@test "guard: a count far under its limit says that the limit can be lowered" {
    change_limit cat-file-copied 150
    run -0 guard calls cat-file-copied
    [[ $output == *"the limit can be lowered"* ]]
}

@test "guard: --update writes what is counted, and leaves the other lines" {
    change_limit cat-file-copied 90
    run -0 guard --update calls cat-file-copied
    run -0 diff "$ZC_ROOT/tests/guard/limits" "$BATS_TEST_TMPDIR/limits"
}

@test "guard: a job that is not there is told" {
    run -2 guard calls no-such-job
    [ "$output" = "guard: there is no job no-such-job" ] || [[ $output == *"there is no job no-such-job" ]]
}
