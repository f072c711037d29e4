# Shared by the tests of safe zero-copy: a writer attacks a file while the reader
# of a program that sends it is behind. A .bats file loads it after helpers.
# shellcheck shell=bash disable=SC2034,SC2154 # tests and helpers use and set them

# What the file holds before a writer comes, and what an overwriter leaves in it.
make_contents() { stream make 20000003 >old; stream make 20000003 2 >new; }

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
    local seam window=262144 contents=$BATS_TEST_TMPDIR
    seam=$(first_difference "$contents/old" copy)
    echo "changed from byte $seam on; $before were taken before the writer came"
    ((seam >= before))
    if [[ $1 == truncate ]]; then
        ((seam == $(stat -c %s copy)))
        return
    fi
    (($(stat -c %s copy) == $(stat -c %s "$contents/old")))
    cmp -i $((seam + window)) "$contents/new" copy
    comm -12 <(cmp -l -i "$seam" -n $window "$contents/old" copy | awk '{ print $1 }' | sort) \
        <(cmp -l -i "$seam" -n $window "$contents/new" copy | awk '{ print $1 }' | sort) >neither
    [ ! -s neither ]
}
