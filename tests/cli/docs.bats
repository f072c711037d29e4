# --help, man pages and completions name the same options, and the pages are well formed.

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    bin=${ZC_BIN:-$root/build/release/tools}
}

# A copy of what scripts/docs reads, to be spoiled by a test.
copy_docs() {
    copy=$BATS_TEST_TMPDIR/copy
    mkdir -p "$copy/src"
    cp -r "$root/scripts" "$root/man" "$root/completions" "$copy"
    cp -r "$root/src/address" "$copy/src"
}

@test "docs: help, man pages and completions are in step" {
    run "$root/scripts/docs" "$bin"
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "docs: an option missing from a man page is seen" {
    copy_docs
    sed -i '/^\.It Fl -explain/d' "$copy/man/zc-cat.1"
    run "$copy/scripts/docs" "$bin"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"zc-cat: --help and man differ"*"< --explain"* ]]
}

@test "docs: an option too many in a completion is seen" {
    copy_docs
    echo "complete -c zc-tee -l turbo" >>"$copy/completions/fish/zc-tee.fish"
    run "$copy/scripts/docs" "$bin"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"zc-tee: --help and fish differ"*"> --turbo"* ]]
}

@test "docs: an address or option that a completion misses or makes up is seen" {
    copy_docs
    sed -i 's/ UNIX-LISTEN:/ UNIX-LITSEN:/' "$copy/completions/zsh/_zc-relay"
    sed -i 's/ reuseaddr / /' "$copy/completions/fish/zc-relay.fish"
    run "$copy/scripts/docs" "$bin"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"zsh/_zc-relay offers other addresses"*"< unix-listen"*"> unix-litsen"* ]]
    [[ $output == *"fish/zc-relay.fish offers other options"*"< reuseaddr"* ]]
}

@test "docs: a name of an option that zc-address(7) does not have is seen" {
    copy_docs
    sed -i 's/Cm substuser/Cm substusre/' "$copy/man/zc-address.7"
    run "$copy/scripts/docs" "$bin"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"zc-address(7) does not name the alias substuser"* ]]
}

@test "docs: the man pages pass mandoc's lint" {
    # Pages of ours that refer to each other are not installed here.
    run bash -c 'mandoc -T lint -W warning "$0"/man/*.[1-8] 2>&1 | grep -v "referenced manual"' "$root"
    echo "$output"
    [ -z "$output" ]
}
