# What bash offers while an address is being typed; scripts/docs has the lists.
load helpers

setup() {
    set_up
    # shellcheck disable=SC1091
    source "${ZC_ROOT:-$BATS_TEST_DIRNAME/../..}/completions/bash/zc-relay"
    COMP_WORDBREAKS=$' \t\n"\'><=;|&(:@'
}
teardown() { clean_up; }

# offers LINE WORD ...: these and no others, in any order.
offers() {
    COMP_LINE="zc-relay $1"
    COMP_POINT=${#COMP_LINE}
    # As bash breaks the line, as far as it matters.
    COMP_WORDS=(zc-relay "${1##*[ :=]}")
    COMP_CWORD=1
    shift
    _zc_relay
    diff <(printf '%s\n' "$@" | sort) <(printf '%s\n' "${COMPREPLY[@]}" | sort)
}

@test "completion: an address begins with a keyword, in the case it was begun in" {
    offers UNIX-L UNIX-LISTEN: UNIX-L:
    offers '-u STDIO tcp6-l' tcp6-listen: tcp6-l:
    offers 'STDIN!!CR' 'STDIN!!CREATE:' 'STDIN!!CREAT:'
}

@test "completion: a path follows where one belongs" {
    mkdir pears
    touch peas plums
    offers OPEN:pe peas pears
    offers unix-listen:pl plums
    offers TCP:pe ''
}

@test "completion: after a comma there are options, with = where a value follows" {
    offers TCP-LISTEN:80,for 80,fork 80,forever
    offers OPEN:f,creat,mo f,creat,mode=
    offers STDIO,ig STDIO,ignoreeof
}

@test "completion: some options have values that are known" {
    mkdir pears
    touch peas
    offers EXEC:cat,chdir=pe pears
    offers EXEC:cat,su=nobod nobody
    offers TCP:h:1,retry= ''
}

@test "completion: with a bash that does not break at colons the whole word is offered" {
    COMP_WORDBREAKS=$' \t\n"\'><;|&('
    touch peas
    offers OPEN:pe OPEN:peas
    offers TCP-LISTEN:80,for TCP-LISTEN:80,fork TCP-LISTEN:80,forever
}
