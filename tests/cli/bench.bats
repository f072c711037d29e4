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

@test "bench: what is noisy is decided by its rounds when so many agree that it is no chance" {
    saved all "20, 40, 60, 80, 100" "200, 200, 200, 200, 200"
    judged all
    [ "$status" -eq 0 ]
    [[ $output == *"none: spread of 67 %, 5 of 5 rounds reached"* ]]
    [[ $output == *"1 of 1 rows reach their target"* ]]
    saved most "20, 40, 60, 80, 300" "200, 200, 200, 200, 200"
    judged most
    [[ $output == *"4 of 5 rounds reached"*"1 have no verdict"* ]]
    judged most most most
    [[ $output == *"1 of 1 rows reach their target, in 3 runs"* ]]
    saved none "400, 600, 800, 1000, 1200" "200, 200, 200, 200, 200"
    judged none
    [ "$status" -eq 1 ]
    [[ $output == *"1 fall short"* ]]
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

@test "bench: one good run among noisy ones is no verdict" {
    saved good "100, 100" "100, 100"
    saved noisy "100, 200, 300, 400" "200, 200, 200, 200"
    judged noisy good noisy
    [ "$status" -eq 0 ]
    [[ $output == *"0 of 1 rows reach their target, in 3 runs"*"1 have no verdict"* ]]
}

# python LINE...: with the modules of the bench at hand.
python() {
    run /usr/bin/python3 -B -c "import sys; sys.path.insert(0, '$ZC_ROOT/scripts/bench.d')
$1"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "bench: who is slow runs once, but not whom a target names" {
    python "
import lab, pathlib, model
lab.TOO_SLOW = -1
here = pathlib.Path('.')
target = model.Target('a/row', 'wall', 'cat', False, 1.0, '')
run = model.Run({})
room = lab.Lab(here, here, here, 1, 5, False, run, [target], lambda row: None, 0.0)
sample = lambda: {'wall': 1.0}
row = room.row('a/row', 'a row', {'zc-cat': sample, 'cat': sample, 'other': sample})
assert {name: len(v['wall']) for name, v in row.values.items()} == {'zc-cat': 5, 'cat': 5, 'other': 1}
room.targets = [model.Target('a/row', 'wall', 'best', False, 1.0, '')]
row = room.row('a/row', 'a row', {'zc-cat': sample, 'cat': sample, 'other': sample})
assert {len(v['wall']) for v in row.values.values()} == {5}"
}

@test "bench: a run is made again while the host takes the processors, and the calmest counts" {
    python "
import lab, pathlib, model
here = pathlib.Path('.')
def measured(stolen, patience=100.0):
    room = lab.Lab(here, here, here, 1, 1, False, model.Run({}), [], lambda row: None, patience)
    counts = iter([count for each in stolen for count in [(0, 0), (each, 100)]])
    lab.ticks = lambda: next(counts)
    number = iter(range(9))
    sample, _ = room.calmest(lambda: {'wall': next(number)})
    return sample['wall']
assert measured([3]) == 0
assert measured([50, 0]) == 1
assert measured([50, 20, 30]) == 1
assert measured([50], patience=0.0) == 0"
}

@test "bench: of a run that writes files the second counts" {
    python "
import lab
number = iter(range(9))
assert lab.warm(lambda: {'wall': next(number)}) == {'wall': 1}"
}

@test "bench: a peer that fails is left out of its row, but not ours" {
    python "
import lab, pathlib, model
here = pathlib.Path('.')
run = model.Run({})
room = lab.Lab(here, here, here, 1, 2, False, run, [], lambda row: None, 0.0)
def failing():
    raise lab.Failed('broken')
sample = lambda: {'wall': 1.0}
row = room.row('a/row', 'a row', {'zc-cat': sample, 'cat': failing, 'other': sample})
assert {name: len(v['wall']) for name, v in row.values.items()} == {'zc-cat': 2, 'other': 2}
try:
    room.row('a/row', 'a row', {'zc-cat': failing, 'cat': sample})
except lab.Failed as failed:
    assert 'a/row: zc-cat: broken' in str(failed)
else:
    raise AssertionError"
}

@test "bench: a line of targets that is none is told" {
    echo "cat/start-up wall cat 1.2" >"$BATS_TEST_TMPDIR/targets"
    python "
import model, pathlib
try:
    model.read_targets(pathlib.Path('$BATS_TEST_TMPDIR/targets'))
except ValueError as wrong:
    assert 'no target: cat/start-up wall cat 1.2' in str(wrong)
else:
    raise AssertionError"
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
    python "
from model import FIGURES, read_targets
from pathlib import Path
targets = read_targets(Path('$ZC_ROOT/scripts/bench.d/targets'))
assert len(targets) > 40, len(targets)
for target in targets:
    assert target.figure in FIGURES, target
    for pattern in target.pattern.split(','):
        assert pattern.split('/')[0] in ('cat', 'tee', 'relay', 'library', 'result'), target"
}

@test "bench: a line of targets names several rows with commas" {
    {
        echo '{"header": {"date": "today", "machine": "a machine"}}'
        for row in tcp-tcp@64KiB tcp-unix@1024KiB tcp-tcp@32KiB; do
            echo '{"row": "library/'$row'", "title": "t", "values": {' \
                '"transfer()": {"rate": [2, 2]}, "read/write": {"rate": [1, 1]}}}'
        done
    } >"$BATS_TEST_TMPDIR/rows"
    judged rows
    [ "$(grep -c '>=1.3 *reached' <<<"$output")" -eq 2 ]
    [ "$(grep -c '>=0.97 *reached' <<<"$output")" -eq 1 ]
}
