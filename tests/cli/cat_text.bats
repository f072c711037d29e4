# zc-cat's line work: numbers, blank lines and bytes made visible, as GNU's cat does them.
# shellcheck disable=SC2016,SC2154 # shells in the tests expand; bats sets stderr, output and status
load helpers

setup() {
    set_up
    # The leak checker cannot work under another tracer.
    export ASAN_OPTIONS=detect_leaks=0
}
teardown() { clean_up; }

# agrees WORD ...: the same bytes as GNU's cat, to a file and, read as it comes, from a pipe.
agrees() {
    /usr/bin/cat "$@" >expected
    limited zc-cat "$@" >got
    cmp expected got || { echo "for: $*"; return 1; }
}

nasty_files() {
    : >empty
    printf 'no end' >noend
    printf '\n' >newline
    printf '\n\n\n\n\n' >newlines
    printf '\n\na\n\n\n\nb\n\n' >blanks
    printf 'a\r\nb\r\n\r\n\r\n\r\nc\r\r\n\rd\n' >crlf
    printf 'a\r' >crend
    printf '\r' >cr
    printf '\t\ta\t\n\t' >'tabs'
    local i
    for i in {0..255}; do printf '%b' "\\0$(printf %o "$i")"; done >bytes
    printf 'ä€😀\xff\xfe\x80\x9f\xa0\n\xc3' >utf8
}
files=(empty noend newline newlines blanks crlf crend cr tabs bytes utf8)

@test "every single option, on every nasty file" {
    nasty_files
    local file letter
    for letter in n b s E T v A e t u; do
        for file in "${files[@]}"; do agrees "-$letter" "$file"; done
    done
}

# All nasty files in one call: lines are shared and blank lines squeezed across them.
@test "every pair of options, on all nasty files in a row" {
    nasty_files
    local one other
    for one in n b s E T v A e t; do
        for other in n b s E T v A e t; do agrees "-$one$other" "${files[@]}" "${files[@]}"; done
    done
}

@test "three and more options at once, on all nasty files in a row" {
    nasty_files
    local letters
    for letters in nsE nsT nsv bsE bsT bsv nEv nET sET sEv sTv nTv bEv bTv nsA bsA nse nst bse bst nbs \
        nsETv bsETv nbsEATvetu; do
        agrees "-$letters" "${files[@]}" "${files[@]}"
    done
}

@test "the same from standard input, a pipe, and in pieces of one byte" {
    nasty_files
    /usr/bin/cat "${files[@]}" >all
    local letters
    for letters in n b s E T v A nsE bsA nsT; do
        /usr/bin/cat "-$letters" all >expected
        limited zc-cat "-$letters" <all >by_file
        limited zc-cat "-$letters" < <(/usr/bin/cat all) >by_pipe
        limited zc-cat "-$letters" < <(dd if=all bs=1 status=none) >by_byte
        same expected by_file by_pipe by_byte
    done
}

@test "a CR that ends one file and a newline that begins the next" {
    nasty_files
    for option in -E -A -e -v -nE -bsE; do
        agrees "$option" crend newline
        agrees "$option" cr cr newline
        agrees "$option" cr empty newline
        agrees "$option" crend noend
        agrees "$option" cr cr
    done
}

@test "lines longer than every buffer" {
    head -c 3000000 /dev/zero | tr '\0' x >long
    (/usr/bin/cat long; echo; head -c 400000 /dev/zero; printf '\n\n\n'; /usr/bin/cat long) >f
    for option in -n -b -s -E -T -v -A -nsE; do agrees "$option" f f; done
}

@test "only newlines, more than every buffer holds" {
    head -c 1000001 /dev/zero | tr '\0' '\n' >f
    for option in -n -b -s -E -A -ns -bE; do agrees "$option" f; done
}

# Each boundary of a read falls once on every byte of the text.
@test "a boundary of a read inside CRLF, blank lines, tabs" {
    local boundary shift option
    for boundary in 65536 131072 262144; do
        for shift in {0..12}; do
            (
                head -c $((boundary - shift)) /dev/zero | tr '\0' x
                printf '\r\n\r\n\n\n\n\t\r\n\xff\n\n'
                head -c $((boundary - shift)) /dev/zero | tr '\0' y
                printf '\n\n\n\r'
            ) >f
            for option in -nsE -A -bsT; do agrees "$option" f; done
        done
    done
}

@test "numbers go on past 999999, and take more room" {
    seq 1000005 | tr -d 0-9 >blank
    seq 1000005 | sed 's/.*/x/' >f
    agrees -n blank
    agrees -b blank f
    agrees -nE f
    [ "$(limited zc-cat -n f | tail -n 1)" = $'1000005\tx' ]
}

@test "numbers go on, and blank lines are squeezed, across files and standard input" {
    printf 'a\n\n\n' >one
    printf '\n\nb' >two
    limited zc-cat -ns one - two < <(printf '\n\nc\n\n') >got
    printf '\n\nc\n\n' | /usr/bin/cat -ns one - two >expected
    same expected got
}

@test "bytes of a random kind" {
    local seed
    for seed in 1 2 3; do
        make_file f 700001 "$seed"
        for option in -n -b -s -E -T -v -A -nsA; do agrees "$option" f; done
    done
}

@test "-u changes nothing" {
    make_file f 300000
    limited zc-cat -u f >copy
    same f copy
}

@test "a missing file in the middle: the numbers go on" {
    printf 'a\n' >one
    printf 'b\n' >two
    run --separate-stderr limited zc-cat -n one nosuch two
    fails_with "zc-cat: nosuch: No such file or directory"
    [ "$output" = $'     1\ta\n     2\tb' ]
}

@test "a formatted line is delivered before the next is asked for" {
    mkfifo question answer
    local i line option
    for option in -n -A -E; do
        start_shell "exec zc-cat $option <question >answer"
        exec 8>question 9<answer
        for i in 1 2 3 20; do
            printf 'line %s\n' "$i" >&8
            IFS= read -r -t 10 -u 9 line
            case $option in
            -n) [[ $line == *$'\t'"line $i" ]] ;;
            *) [ "$line" = "line $i\$" ] ;;
            esac
        done
        exec 8>&-
        finished "$started_pid"
        exec 9<&-
    done
}

@test "what is no whole line yet is delivered, too" {
    mkfifo question answer
    start_shell 'exec zc-cat -n <question >answer'
    exec 8>question 9<answer
    printf 'half' >&8
    IFS= read -r -t 10 -N 11 -u 9 line
    [ "$line" = $'     1\thalf' ]
    printf ' and half\n' >&8
    IFS= read -r -t 10 -u 9 line
    [ "$line" = ' and half' ]
    exec 8>&-
    finished "$started_pid"
}

@test "a full device is told once" {
    make_file f 3000000
    for option in -n -A; do
        run --separate-stderr limited bash -c "zc-cat $option f f >/dev/full"
        fails_with "zc-cat: write error: No space left on device"
    done
    # The CR that -E holds back is written at the very end.
    run --separate-stderr limited bash -c 'printf "\r" | zc-cat -E >/dev/full'
    fails_with "zc-cat: write error: No space left on device"
}

@test "a reader that leaves ends it by SIGPIPE, silently" {
    run --separate-stderr limited bash -c 'zc-cat -n /dev/zero | head -c 1 >head; echo "${PIPESTATUS[0]}"'
    succeeds
    [ "$output" = 141 ]
    run --separate-stderr limited bash -c 'yes | zc-cat -A | head -n 1; echo "${PIPESTATUS[1]}"'
    succeeds
    [ "$output" = $'y$\n141' ]
}

@test "a reader that leaves, with SIGPIPE ignored: Broken pipe, exit 1" {
    run --separate-stderr limited bash -c \
        'onto sigpipe-ignored -- zc-cat -n /dev/zero | head -c 1 >head; exit "${PIPESTATUS[0]}"'
    fails_with "zc-cat: write error: Broken pipe"
}

@test "a file is written in large pieces: 100 KB and more a call, on average" {
    make_file f 10000000
    for option in -n -v -E -s; do
        limited strace -qq -o trace -e trace=write zc-cat "$option" f >copy
        awk -F ' = ' '/^write\(1,/ { ++calls; bytes += $NF }
            END { print bytes, calls; exit !(calls > 0 && bytes >= 10000000 * 0.99 && bytes / calls >= 100000) }' trace
    done
}

@test "input is output is refused with line options, too" {
    printf 'content\n' >f
    run --separate-stderr limited bash -c 'zc-cat -n f >>f'
    fails_with "zc-cat: f: input file is output file"
    [ "$(<f)" = content ]
}
