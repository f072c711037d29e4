# --digest, --digest-file, --expect-digest in all three programs.
load helpers

setup() {
    set_up
    declare -gA of=([sha256]=sha256sum [sha512]=sha512sum [blake2b]=b2sum)
}
teardown() { clean_up; }

digest_of() { "${of[$1]}" <"$2" | cut -d' ' -f1; }

@test "digest: what sha256sum, sha512sum and b2sum read, of what was delivered" {
    make_file f 3000001
    for algorithm in sha256 sha512 blake2b; do
        limited zc-cat --digest=$algorithm --digest-file=sum f -o copy
        "${of[$algorithm]}" --strict -c sum
        limited zc-tee --digest=$algorithm --digest-file=sum one two <f | same - f
        (($(wc -l <sum) == 2))
        "${of[$algorithm]}" --strict -c sum
        limited zc-relay -u --digest=$algorithm --digest-file=sum OPEN:f CREATE:relayed
        "${of[$algorithm]}" --strict -c sum
    done
    same f copy one two relayed
}

@test "digest: of nothing, of a pipe, and the other way; on standard error it is one line" {
    run --separate-stderr limited zc-cat --digest=sha256 <<<""
    [[ $status -eq 0 && $stderr == "$(sha256sum <<<"")" ]]
    run --separate-stderr limited zc-cat --digest=crc32c - </dev/null
    [[ $status -eq 0 && $stderr == "00000000  -" ]]
    run --separate-stderr limited zc-relay -U --digest=xxh3 STDOUT EXEC:'echo hello'
    [[ $status -eq 0 && $output == hello && $stderr =~ ^[0-9a-f]{16}"  -"$ ]]
    printf 123456789 >nine
    run --separate-stderr limited zc-tee --digest=crc32c <nine
    [[ $status -eq 0 && $output == 123456789 && $stderr == "e3069283  -" ]]
}

@test "digest: names with newlines and backslashes are escaped as GNU does" {
    printf x >x
    limited zc-tee --digest=sha256 --digest-file=sum $'a\nb' 'c\d' plain <x >/dev/null
    sha256sum --strict -c sum
    [[ $(grep -c '^\\' sum) == 2 ]]
}

@test "digest: of lines that were changed, of a part, of holes, of several inputs" {
    make_file f 300000
    limited zc-cat -n --digest=sha256 --digest-file=sum f f -o numbered
    sha256sum --strict -c sum
    cat -n f f | same - numbered
    limited zc-cat --skip=1000 --count=5000 --digest=sha256 --digest-file=sum f -o part
    sha256sum --strict -c sum
    (($(stat -c %s part) == 5000))
    truncate -s 10M holes && cat f >>holes && truncate -s 20M holes
    limited zc-cat --sparse --digest=sha256 --digest-file=sum holes f -o copy
    sha256sum --strict -c sum
    cat holes f | same - copy
    (($(stat -c %b copy) < 4000))
}

@test "digest: whatever was printed before, a mismatch is exit 3, and a match is not" {
    make_file f 100000
    local right wrong
    right=$(digest_of sha256 f)
    wrong=$(printf '%064d' 0)
    for program in "zc-cat f -o out" "zc-tee out <f" "zc-relay -u OPEN:f CREATE:out"; do
        run --separate-stderr limited bash -c "${program/ / --expect-digest=sha256:$right } >/dev/null"
        succeeds
        run --separate-stderr limited bash -c "${program/ / --expect-digest=sha256:${right^^} --digest=xxh3 } >/dev/null"
        [[ $status -eq 0 && $stderr == ????????????????"  "* ]]
        run --separate-stderr limited bash -c "${program/ / --expect-digest=sha256:$wrong --digest=sha256 } >/dev/null"
        ((status == 3))
        [[ $stderr == *": its sha256 is $right, not the $wrong expected" ]]
        (($(wc -l <<<"$stderr") == 1))
    done
    run --separate-stderr limited zc-cat --expect-digest=sha256:"$wrong" f
    [[ $status -eq 3 && $stderr == "zc-cat: standard output: its sha256"* ]]
}

@test "digest: a mismatch leaves an atomic file as it was; a match replaces it and the digest file" {
    make_file f 100000
    echo old | tee at tee1 >sum
    for program in "zc-cat f -o at" "zc-tee at tee1 <f"; do
        run --separate-stderr limited bash -c "${program/ / --atomic --expect-digest=crc32c:00000000 --digest=sha256 --digest-file=sum } >/dev/null"
        ((status == 3))
        [[ $(cat at tee1 sum) == $'old\nold\nold' ]]
    done
    limited zc-cat --atomic --digest=sha256 --digest-file=sum f -o at
    sha256sum --strict -c sum
    [[ $(ls -A -I 'separate-stderr*') == $'at\nf\nsum\ntee1' ]]
}

@test "digest: nothing is said of what failed" {
    make_file f 100000
    run --separate-stderr limited zc-cat --digest=sha256 --digest-file=sum f nosuch
    fails_with "zc-cat: nosuch: No such file or directory"
    [[ ! -e sum ]]
    run --separate-stderr limited bash -c 'zc-cat --digest=sha256 f >/dev/full'
    fails_with "zc-cat: write error: No space left on device"
    run --separate-stderr limited bash -c 'zc-tee --digest=sha256 /dev/full <f >/dev/null'
    fails_with "zc-tee: /dev/full: No space left on device"
    run --separate-stderr limited zc-cat --digest=sha256 --digest-file=no/sum f -o out
    fails_with "zc-cat: no/sum: No such file or directory"
    run --separate-stderr limited zc-relay -u --digest=sha256 --digest-file=no/sum OPEN:f CREATE:out
    ((status == 1))
    [[ $stderr == *"no/sum: No such file or directory" ]]
}

@test "digest: what is printed and what is delivered are the same bytes, whoever writes the file" {
    make_file f 20000000
    start writer f 60
    for _ in {1..5}; do
        limited zc-cat --digest=sha256 --digest-file=sum f >copy
        [[ $(cut -d' ' -f1 sum) == "$(digest_of sha256 copy)" ]]
    done
}

@test "digest: in the stats; null where there is none" {
    make_file f 100000
    limited zc-cat --digest=sha256 --digest-file=sum --stats=json --stats-file=stats f -o out
    grep -q "\"digest\":{\"algorithm\":\"sha256\",\"hex\":\"$(digest_of sha256 f)\"}" stats
    limited zc-tee --digest=sha256 --digest-file=sum --stats=json --stats-file=stats <f >/dev/null
    grep -q "\"hex\":\"$(digest_of sha256 f)\"" stats
    limited zc-relay -u --expect-digest=sha256:"$(digest_of sha256 f)" --stats=json --stats-file=stats OPEN:f CREATE:out
    grep -q "\"hex\":\"$(digest_of sha256 f)\"" stats
}

@test "digest: with a recording, a dump and a slow reader" {
    make_file f 3000000
    limited zc-relay -u -r recorded --digest=sha256 --digest-file=sum OPEN:f CREATE:out
    sha256sum --strict -c sum
    same f out recorded
    limited zc-relay -u -v -r recorded2 --digest=sha256 --digest-file=sum OPEN:f CREATE:out2 2>/dev/null
    sha256sum --strict -c sum
    same f out2 recorded2
}

@test "digest: where libgcrypt cannot be loaded that is said, and the fast ones are there" {
    mkdir lib
    echo broken >lib/libgcrypt.so.20
    export LD_LIBRARY_PATH=$PWD/lib
    for program in zc-cat zc-tee; do
        run --separate-stderr limited "$program" --digest=sha256 </dev/null
        fails_with "$program: --digest: $PWD/lib/libgcrypt.so.20: file too short"
    done
    run --separate-stderr limited zc-relay -u --expect-digest=sha256:"$(printf '%064d' 0)" OPEN:/dev/null -
    [[ $status -eq 1 && $stderr == *"--digest: $PWD/lib/libgcrypt.so.20: file too short" ]]
    for algorithm in crc32c xxh3; do
        run --separate-stderr limited zc-cat --digest=$algorithm </dev/null
        [[ $status -eq 0 && $stderr == *"  -" ]]
    done
}

@test "digest: what is no algorithm or no digest is refused" {
    run --separate-stderr zc-cat --digest=md5
    [[ $status -eq 1 && $stderr == *"must be sha256, sha512, blake2b, xxh3 or crc32c"* ]]
    run --separate-stderr zc-cat --expect-digest=sha256
    [[ $status -eq 1 && $stderr == *"'' is no sha256; that is 64 hexadecimal digits"* ]]
    run --separate-stderr zc-tee --expect-digest=crc32c:1234567g
    [[ $status -eq 1 && $stderr == *"'1234567g' is no crc32c; that is 8 hexadecimal digits"* ]]
    run --separate-stderr zc-cat --digest-file=x
    ((status == 1))
    run --separate-stderr zc-relay --digest=sha256 PIPE:a PIPE:b
    [[ $status -eq 1 && $stderr == *"are for one direction: -u or -U, without fork"* ]]
    run --separate-stderr zc-relay -u --expect-size=5 TCP-LISTEN:0,fork PIPE:b
    [[ $status -eq 1 && $stderr == *"are for one direction: -u or -U, without fork"* ]]
}

@test "expect-size: in zc-relay, too" {
    make_file f 100000
    run --separate-stderr limited zc-relay -u --expect-size=100000 OPEN:f CREATE:out
    succeeds
    run --separate-stderr limited zc-relay -u --expect-size=100K OPEN:f CREATE:out
    ((status == 3))
    [[ $stderr == *"CREATE:out: 100000 bytes, not the 102400 expected" ]]
}
