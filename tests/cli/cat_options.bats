# zc-cat's command line is read as GNU's cat reads it, and its errors are cat's own.
# shellcheck disable=SC2154 # bats sets stderr, output and status
load helpers

setup() {
    set_up
    mkdir bin
    ln -s "$(command -v zc-cat)" bin/cat
    printf 'a\tb\n\n\n\n\001c\r\nd' >f
}
teardown() { clean_up; }

# refuses TEXT WORD ...: status 1, this text and where to look, nothing on standard output.
refuses() {
    run --separate-stderr limited zc-cat "${@:2}" <f
    fails_with "zc-cat: $1
Try 'zc-cat --help' for more information."
    [ -z "$output" ]
}

# means GNU-WORD ... -- WORD ...: zc-cat WORD ... gives what cat GNU-WORD ... does.
means() {
    local reference=()
    while [[ $1 != -- ]]; do
        reference+=("$1")
        shift
    done
    /usr/bin/cat "${reference[@]}" f >expected
    run --separate-stderr limited zc-cat "${@:2}" f
    succeeds
    limited zc-cat "${@:2}" f >got
    same expected got
}

# both WORD ...: the same command line for GNU's cat and ours, both called `cat`.
# Its output, errors and status are in theirs.* and ours.*.
both() {
    local status=0
    (exec -a cat /usr/bin/cat "$@") <f >theirs.out 2>theirs.err || status=$?
    echo "$status" >theirs.status
    status=0
    PATH=$PWD/bin:$PATH limited cat "$@" <f >ours.out 2>ours.err || status=$?
    echo "$status" >ours.status
}

# alike KIND ... : what `both` has left is the same.
alike() {
    local kind
    for kind; do cmp "theirs.$kind" "ours.$kind" || { cat theirs.err ours.err; return 1; }; done
}

@test "a long option may be abbreviated as far as it is unique" {
    means -n -s -- --number --sq
    means -E -- --show-e
    means -b -- --number-
    [ "$(limited zc-cat --cou=1 --sk 2 f)" = b ]
}

@test "an ambiguous abbreviation names the possibilities" {
    refuses "option '--n' is ambiguous; possibilities: '--number-nonblank' '--number' '--name' '--no-cache'" --n
    run --separate-stderr limited zc-cat --show f
    ((status == 1))
    [ -z "$output" ]
    [[ $stderr == "zc-cat: option '--show' is ambiguous; possibilities: '--show-"* ]]
    for name in all ends nonprinting tabs; do [[ $stderr == *" '--show-$name'"* ]]; done
    [[ $stderr == *$'\n'"Try 'zc-cat --help' for more information." ]]
}

@test "an exact name is no abbreviation of a longer one" {
    means -n -- --number
}

@test "letters may stand together" {
    means -v -E -T -- -vET
    means -n -E -- -nE
    means -s -b -t -- -sbt
}

@test "a letter's argument stands beside it, also at the end of a cluster" {
    limited zc-cat -nocopy f
    /usr/bin/cat -n f >expected
    same expected copy
    rm copy
    limited zc-cat -Eo copy f
    /usr/bin/cat -E f >expected
    same expected copy
}

@test "a long option's argument stands behind = or is the next word" {
    [ "$(limited zc-cat --count=1 f)" = a ]
    [ "$(limited zc-cat --count 1 f)" = a ]
    limited zc-cat --output=a=b f
    same f a=b
}

@test "an option's argument may look like an option" {
    limited zc-cat -o -n f
    same f ./-n
    limited zc-cat --output --help f
    same f ./--help
}

@test "options after the operands count for all of them" {
    /usr/bin/cat -n f f >expected
    limited zc-cat f f -n >copy
    limited zc-cat f --number f >between
    same expected copy between
}

@test "after -- all words are files" {
    printf dash >-n
    run --separate-stderr limited zc-cat f -- -n
    [[ $output == *dash ]]
    run --separate-stderr limited zc-cat -- -n -- <f
    fails_with "zc-cat: --: No such file or directory"
    [ "$output" = dash ]
}

@test "with POSIXLY_CORRECT the first operand ends the options" {
    printf dash >-n
    POSIXLY_CORRECT=1 run --separate-stderr limited zc-cat -- -n -n
    succeeds
    [ "$output" = dashdash ]
    POSIXLY_CORRECT='' run --separate-stderr limited zc-cat -E -n f -n
    [[ $output == *"d"dash ]]
    POSIXLY_CORRECT=1 run --separate-stderr limited zc-cat f --number
    fails_with "zc-cat: --number: No such file or directory"
}

@test "a letter that is no option is named" {
    refuses "invalid option -- 'x'" -x f
    refuses "invalid option -- 'x'" -nEx f
    refuses "invalid option -- 'h'" f -h
    refuses "invalid option -- '='" -n=3 f
}

@test "a word that is no option is named, with all that was typed" {
    refuses "unrecognized option '--x'" --x f
    refuses "unrecognized option '--x=y'" --x=y f
}

@test "an argument where none belongs" {
    refuses "option '--number' doesn't allow an argument" --number=3 f
    refuses "option '--squeeze-blank' doesn't allow an argument" --sq= f
    refuses "option '--append' doesn't allow an argument" --append=f f
}

@test "an argument that is missing" {
    refuses "option '--count' requires an argument" f --count
    refuses "option '--from' requires an argument" f --fr
    refuses "option requires an argument -- 'o'" f -no
}

@test "an unknown value of --zero-copy" {
    refuses "--zero-copy: must be auto, always or never" --zero-copy=often f
}

@test "a wrong command line opens and creates nothing" {
    for words in "-o made f --nosuch" "-o made f -x" "-o made --count=x f" "--to CREATE:made f -n="; do
        # shellcheck disable=SC2086 # they are words
        run --separate-stderr limited zc-cat $words
        ((status == 1))
        [ ! -e made ]
    done
}

@test "called cat, a wrong command line gets the very words of GNU's cat" {
    local words
    while read -ra words; do
        both "${words[@]}"
        alike status out err || { echo "for: ${words[*]}"; return 1; }
    done <<'END'
-x
-nx
-xn
-vEx f
f -x
-h
-V
-1
-n-
-n=
-é
--x
--x=y
--number-x
--numberx
--number=3
--number-nonblank=3
--number-non=3
--show-all=1
--show-e=
--squeeze=yes
--v=1
--help=1
--num
--num=3
-n f --x
f -- -x
--X
--Number
---
---number
END
}

@test "called cat, an ambiguous word is told as GNU's cat does, up to the possibilities" {
    local word
    for word in --s --sh --show --show- --s=x --show= --=; do
        both "$word"
        alike status out
        sed -i 's/possibilities: .*/possibilities:/' theirs.err ours.err
        grep -q 'possibilities:$' ours.err
        alike err
    done
}

@test "every abbreviation of every option of GNU's cat means the same" {
    local option length word
    for option in show-all number-nonblank show-ends number squeeze-blank show-tabs \
        show-nonprinting help version; do
        for ((length = 1; length <= ${#option}; ++length)); do
            word=--${option:0:length}
            both "$word"
            sed -i 's/possibilities: .*/possibilities:/' theirs.err ours.err
            # What help and version say is each program's own, but its beginning.
            if [[ $option == help ]]; then sed -i '1!d' ./*.out; fi
            if [[ $option == version ]]; then sed -i '1!d; s/ (.*//' ./*.out; fi
            alike status out err || { echo "for: $word"; return 1; }
        done
    done
}

@test "--help and --version act at once: what follows is not read" {
    for first in --help --version; do
        for rest in -x --nosuch --count=x "-o" "--zero-copy=often" nosuch; do
            run --separate-stderr limited zc-cat -n "$first" "$rest"
            succeeds
            [ -n "$output" ]
        done
    done
    run --separate-stderr limited zc-cat --version --help
    succeeds
    [[ $output == "zc-cat (zc) "* ]]
    run --separate-stderr limited zc-cat --help --version
    succeeds
    [[ $output == "Usage: "* ]]
}

@test "an error before --help or --version comes first" {
    refuses "invalid option -- 'x'" -x --help
    refuses "unrecognized option '--nosuch'" --nosuch --version
    refuses "--count: 'x' is no size; 4096, 64K, 10MB and 1GiB are" --count=x --help
    refuses "--zero-copy: must be auto, always or never" --zero-copy=often --version
}

@test "--help opens nothing" {
    run --separate-stderr limited zc-cat -o made f --help
    succeeds
    [ ! -e made ]
}

@test "--help begins with the usage, names every option, and fits 90 columns" {
    limited zc-cat --help >help
    [ "$(head -n 1 help)" = "Usage: zc-cat [OPTION]... [FILE]..." ]
    awk 'length > 90 { print; wide = 1 } END { exit wide }' help
    local option
    for option in -A -b -e -E -n -s -t -T -u -v -o; do
        grep -q -e "^  ${option}[, ]" help || { echo "$option"; return 1; }
    done
    for option in show-all number-nonblank show-ends number squeeze-blank show-tabs \
        show-nonprinting from to output append sparse skip count explain zero-copy help version; do
        grep -q -e "--${option}[= ]" help || { echo "$option"; return 1; }
    done
}

@test "of an option that is given twice the last one counts" {
    [ "$(limited zc-cat --count=3 --count=1 f)" = a ]
    [ "$(limited zc-cat --skip=1 --skip 2 --count 1 f)" = b ]
    limited zc-cat -o first --output=second f
    [ ! -e first ]
    same f second
    limited zc-cat --to CREATE:first --to CREATE:third f
    [ ! -e first ]
    same f third
}

@test "an option of lines that is given twice changes nothing more" {
    means -n -- -nn
    means -b -- -b -n
    means -b -- -n -b
    means -A -- -A -v -E
}

# ---- file names in errors

# Every name that a shell would read otherwise, and some that it would not.
nasty_names() {
    local c
    for c in ' ' '!' '"' '#' '$' '%' '&' "'" '(' ')' '*' '+' ',' '-' '.' ':' ';' '<' '=' '>' '?' \
        '@' '[' \\ ']' '^' _ '`' '{' '|' '}' '~' $'\a' $'\b' $'\t' $'\n' $'\v' $'\f' $'\r' $'\e' \
        $'\001' $'\177' $'\377' $'\303' 'ä' '€' '😀' $'\u0085' $'\u00a0'; do
        names+=("x$c" "$c" "${c}x" "x${c}y" "x$c${c}y" "x'$c" "$c'x" "$c\"'x")
    done
    # shellcheck disable=SC2016 # names, not to be expanded
    names+=('' '{}' 'a{b,c}' '$(x)' "it's" "'" "''" "it's \"both\"" "a'b c" "a'\$b" $'a\'\nb' \
        "'x'" '"x"' $'\n\n' $'a\n' $'\n1' $'\t9x' 'a b' ' ' '~user' 'x~' '#x' 'x#' EXEC:x 'a=b' \
        $'ä\nö' $'ä\'ö' "ä ö" $'\303\244\377' $'\355\240\200' $'\300\257' $'\364\220\200\200')
}

@test "a name in an error is quoted as GNU's cat quotes it" {
    locale -a | grep -qix 'c\.utf-\?8' || skip "no C.UTF-8 here"
    export LC_ALL=C.UTF-8
    local names=()
    nasty_names
    # A leading - is an option, and what is there (x, x- as f is not) no error.
    (exec -a cat /usr/bin/cat -- "${names[@]/#-/./-}") 2>theirs </dev/null || true
    PATH=$PWD/bin:$PATH limited cat -- "${names[@]/#-/./-}" 2>ours </dev/null || true
    grep -c . theirs >lines
    (($(<lines) > 300))
    # GNU's opens with a pair of quotes too many where the last byte is an escape.
    sed -i "s/^cat: '''/cat: '/" theirs
    if ! cmp theirs ours; then
        diff theirs ours
        return 1
    fi
}
