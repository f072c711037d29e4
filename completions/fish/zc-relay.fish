# What may come next in the address that is being typed. Lists that scripts/docs
# compares with the library's tables.
function __zc_relay_address
    set -l addresses \
        STDIO STDIN STDOUT STDERR FD: ACCEPT-FD: ACCEPT: OPEN: FILE: CREATE: CREAT: GOPEN: \
        PIPE FIFO ECHO TCP: TCP-CONNECT: TCP4: TCP4-CONNECT: TCP6: TCP6-CONNECT: TCP-LISTEN: TCP-L: \
        TCP4-LISTEN: TCP4-L: TCP6-LISTEN: TCP6-L: UNIX: LOCAL: UNIX-CONNECT: UNIX-CLIENT: \
        UNIX-LISTEN: UNIX-L: ABSTRACT: ABSTRACT-CONNECT: ABSTRACT-CLIENT: ABSTRACT-LISTEN: \
        ABSTRACT-L: EXEC: SYSTEM: SHELL:

    set -l options \
        accept-timeout= append backlog= bind= buffer= chdir= connect-timeout= creat end-close excl \
        f-setpipe-sz= fdin= fdout= forever fork group= ignoreeof interval= ipv6only keepalive keepcnt= \
        keepidle= keepintvl= lowport max-children= mode= netns= nodelay nofork o-noatime pf= pipes \
        range= rcvbuf= rdonly readbytes= retry= reuseaddr reuseport setsid shut-close shut-down \
        shut-none sigint slow= slow-after= sndbuf= sourceport= stderr su= trunc umask= unlink-close \
        unlink-early user= wronly

    set -l word (commandline -ct)
    set -l before (string match -r '^.*!!' -- $word)
    set -l address (string replace -r '^.*!!' '' -- $word)
    if string match -q '*,*' -- $address
        set -l start (string match -r '^.*,' -- $word)
        switch (string replace -r '^.*,' '' -- $address)
            case 'chdir=*' 'cd=*'
                set start (string match -r '^.*=' -- $word)
                printf '%s\n' "$start"(__fish_complete_directories (string replace -r '^.*=' '' -- $word) '')
            case 'su=*' 'substuser=*' 'user=*'
                set start (string match -r '^.*=' -- $word)
                printf '%s\n' "$start"(__fish_complete_users | string replace -r '\t.*' '')
            case 'group=*'
                set start (string match -r '^.*=' -- $word)
                printf '%s\n' "$start"(__fish_complete_groups | string replace -r '\t.*' '')
            case 'netns=*'
                set start (string match -r '^.*=' -- $word)
                printf '%s\n' "$start"(command ls /run/netns 2>/dev/null)
            case '*=*'
            case '*'
                printf '%s\n' "$start"$options
        end
        return
    end
    if string match -qir '^(open|file|creat|create|gopen|pipe|fifo|echo|unix|local|unix-.*|exec):' -- $address
        set -l start (string match -r '^[^:]*:' -- $address)
        printf '%s\n' "$before$start"(__fish_complete_path (string replace -r '^[^:]*:' '' -- $address) | string replace -r '\t.*' '')
    else if not string match -q '*:*' -- $address
        # In the case it was begun in.
        if string match -qr '^[a-z]' -- $address
            set addresses (string lower $addresses)
        end
        printf '%s\n' "$before"$addresses
        __fish_complete_path $address
    end
end

complete -c zc-relay -s u -d 'From the first address to the second only'
complete -c zc-relay -s U -d 'From the second address to the first only'
complete -c zc-relay -s t -x -d 'Once one side has ended, wait at most this many seconds'
complete -c zc-relay -s T -x -d 'End when nothing has moved for this many seconds'
complete -c zc-relay -s r -r -d 'Record the first direction'
complete -c zc-relay -s R -r -d 'Record the second direction'
complete -c zc-relay -s 4 -d 'TCP addresses that do not say so are IPv4'
complete -c zc-relay -s 6 -d 'TCP addresses that do not say so are IPv6'
complete -c zc-relay -s 0 -d 'TCP addresses that do not say so are either'
complete -c zc-relay -s v -d 'Show what goes both ways as text'
complete -c zc-relay -s x -d 'Show what goes both ways in hexadecimal'
complete -c zc-relay -s b -x -d 'Read this much at once before a pipe is used'
complete -c zc-relay -s g -d 'Accepted for the sake of socat'
complete -c zc-relay -s s -d 'Accepted for the sake of socat'
complete -c zc-relay -s d -d 'Log more'
complete -c zc-relay -o lf -r -d 'Write the log to a file'
complete -c zc-relay -o lp -x -d 'Log as this name'
complete -c zc-relay -o ls -d 'Log to standard error'
complete -c zc-relay -o lu -d 'Log microseconds'
complete -c zc-relay -o lh -d 'Log the name of the host'
complete -c zc-relay -o ly -d 'Log to syslog'
complete -c zc-relay -l statistics -d 'Log at the end how much went each way'
complete -c zc-relay -l balance -x -a 'first round-robin least' -d 'Several second addresses'
complete -c zc-relay -l retry-after -x -d 'How long an address that refused comes last'
complete -c zc-relay -l drain -x -d 'How long sessions may go on after SIGTERM'
complete -c zc-relay -l threads -x -d 'Event loops with fork'
complete -c zc-relay -l pipe-memory -x -d 'Memory of all pipes'
complete -c zc-relay -s p -d 'Show progress on a terminal'
complete -c zc-relay -l progress -a 'auto always never' -d 'Show progress'
complete -c zc-relay -l interval -x -d 'How often progress is shown'
complete -c zc-relay -l size -x -d 'How much there will be in all'
complete -c zc-relay -l name -x -d 'What the progress line calls it'
complete -c zc-relay -l stats -a 'text json' -d 'Sum up at the end'
complete -c zc-relay -l stats-file -r -d 'Write that to a file'
complete -c zc-relay -l rate-limit -x -d 'Bytes a second'
complete -c zc-relay -l rate-limit-total -x -d 'Bytes a second, all together'
complete -c zc-relay -l rate-file -r -d 'Read the rate from a file'
complete -c zc-relay -l stall-timeout -x -d 'End when nothing has moved for so long'
complete -c zc-relay -l timeout -x -d 'End after so long'
complete -c zc-relay -l metrics -x -d 'Answer GET /metrics there'
complete -c zc-relay -l log-format -x -a 'text json' -d 'The form of the log'
complete -c zc-relay -l expect-size -x -d 'Exit status 3 when it is not that'
complete -c zc-relay -l digest -x -a 'sha256 sha512 blake2b xxh3 crc32c' -d 'Print its digest'
complete -c zc-relay -l digest-file -r -d 'Write that to a file'
complete -c zc-relay -l expect-digest -x -d 'Exit status 3 when it is not that'
complete -c zc-relay -l no-cache -d 'Leave nothing in the page cache that was not there'
complete -c zc-relay -l explain -d 'Say how each transfer was made, and why'
complete -c zc-relay -l zero-copy -x -a 'auto always never' -d 'Hand out pages of files'
complete -c zc-relay -s h -l help -d 'Print the options'
complete -c zc-relay -o hh -d 'Print the options and all addresses'
complete -c zc-relay -s V -d 'Print the version and what there is'
complete -c zc-relay -l version -d 'Print the version'
complete -c zc-relay -f -a '(__zc_relay_address)'
