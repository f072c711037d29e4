#!/usr/bin/env bats
# What scripts/bench makes of what it measured: ratios, verdicts, and what falls short.

# saved NAME OURS THEIRS: a saved run of one row whose rounds took so many microseconds.
saved() {
    cat >"$BATS_TEST_TMPDIR/$1" <<END
{"header": {"date": "today", "machine": "a machine"}}
{"row": "cat/whole-process@100B", "title": "cat: one", "values": {"zc-cat": {"wall": [$2]}, "cat": {"wall": [$3]}}}
END
}
judged() {
    local name words=(--verdict)
    for name; do words+=(--from "$BATS_TEST_TMPDIR/$name"); done
    run "$ZC_ROOT/scripts/bench" "${words[@]}"
}

@test "bench: the ratio is the median of neighbours, not the ratio of medians" {
    saved one "10, 20, 90" "20, 41, 178"
    judged one
    [ "$status" -eq 0 ]
    [[ $output == *"cat "*" 0.500 "*"<=1.05 "*"reached"* ]]
    [[ $output == *"1 of 1 rows reach their target, in 1 runs"* ]]
}

@test "bench: a row over its target is listed, and the status says so" {
    saved one "130, 131, 132" "100, 100, 100"
    judged one
    [ "$status" -eq 1 ]
    [[ $output == *"<=1.05 "*"SHORT"* ]]
    [[ $output == *"0 of 1 rows reach their target"* ]]
    [[ $output == *"cat/whole-process@100B wall beside cat: 1.310 for <=1.05"* ]]
}

@test "bench: a noisy row has no verdict, good or bad" {
    saved one "100, 200, 300, 400" "200, 200, 200, 200"
    judged one
    [ "$status" -eq 0 ]
    [[ $output == *"none: spread of 60 %"* ]]
    [[ $output == *"1 have no verdict"* ]]
}

@test "bench: two runs out of three decide" {
    saved good "100, 100" "100, 100"
    saved bad "120, 120" "100, 100"
    judged good bad good
    [ "$status" -eq 0 ]
    [[ $output == *"1 of 1 rows reach their target, in 3 runs"* ]]
    judged bad good bad
    [ "$status" -eq 1 ]
    [[ $output == *"1.200, 1.000, 1.200 for <=1.05"* ]]
}

@test "bench: what is no saved run is told in one line" {
    echo nothing >"$BATS_TEST_TMPDIR/wrong"
    judged wrong
    [ "$status" -eq 2 ]
    [ "$output" = "scripts/bench: $BATS_TEST_TMPDIR/wrong: not a saved run" ]
    judged missing
    [ "$status" -eq 2 ]
    [[ $output == "scripts/bench: "*"No such file or directory"* ]]
}

@test "bench: every target names rows that are measured, and a figure" {
    run /usr/bin/python3 -B - "$ZC_ROOT/scripts/bench.d" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from model import FIGURES, read_targets
from pathlib import Path
targets = read_targets(Path(sys.argv[1]) / "targets")
assert len(targets) > 40, len(targets)
for target in targets:
    assert target.figure in FIGURES, target
    assert target.pattern.split("/")[0] in ("cat", "tee", "relay", "library", "result"), target
END
    [ "$status" -eq 0 ]
}
