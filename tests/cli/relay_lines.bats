# Command lines found in public files, with socat replaced by zc-relay: only ports
# and paths are this machine's.
load helpers

setup() { set_up; }
teardown() { clean_up; }

# echo_server: mirrors any number of connections up to 8; its port is in $echo_port.
echo_server() {
    start_peer echo --count 8 tcp-listen mirror
    echo_port=$peer_port
}

# carries DOOR: both ways through the relay, bytes unchanged.
carries() { limited peer "$1" duplex=300000,1,300000,1; }

@test "TCP-LISTEN:8080,fork TCP:127.0.0.1:5000" {
    echo_server
    start_relay TCP-LISTEN:0,fork "TCP:127.0.0.1:$echo_port"
    carries "tcp:$port"
    carries "tcp:$port"
}

@test "TCP-LISTEN:9223,fork,reuseaddr,bind=0.0.0.0 TCP:127.0.0.1:9222" {
    echo_server
    start_relay TCP-LISTEN:0,fork,reuseaddr,bind=0.0.0.0 "TCP:127.0.0.1:$echo_port"
    carries "tcp:$port"
}

@test "TCP4-LISTEN:5000,bind=10.0.0.2,reuseaddr,fork TCP4:10.0.0.3:5000,connect-timeout=10" {
    echo_server
    start_relay TCP4-LISTEN:0,bind=127.0.0.1,reuseaddr,fork "TCP4:127.0.0.1:$echo_port,connect-timeout=10"
    carries "tcp:$port"
}

@test "tcp-listen:5000,fork,reuseaddr tcp-connect:10.0.0.9:5000" {
    echo_server
    start_relay tcp-listen:0,fork,reuseaddr "tcp-connect:127.0.0.1:$echo_port"
    carries "tcp:$port"
}

@test "-t 100000000 TCP4-LISTEN:3306,fork,reuseaddr TCP4:db:3306" {
    echo_server
    getent ahostsv4 localhost >resolved || skip "localhost has no address here"
    start_relay -t 100000000 TCP4-LISTEN:0,fork,reuseaddr "TCP4:localhost:$echo_port"
    carries "tcp:$port"
}

@test "-lf /tmp/socat.log tcp-listen:5037,bind=172.17.0.2,reuseaddr,fork tcp-connect:127.0.0.1:5037" {
    echo_server
    start zc-relay -dd -lf relay.log tcp-listen:0,bind=127.0.0.1,reuseaddr,fork "tcp-connect:127.0.0.1:$echo_port"
    until_true says 'listening on' relay.log
    carries "tcp:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' relay.log)"
}

@test "TCP-LISTEN:2375,bind=0.0.0.0,reuseaddr,fork UNIX-CONNECT:/var/run/docker.sock" {
    start_peer docker --count 2 unix-listen:docker.sock mirror
    start_relay TCP-LISTEN:0,bind=0.0.0.0,reuseaddr,fork UNIX-CONNECT:docker.sock
    carries "tcp:$port"
}

@test "-t10 TCP-LISTEN:1234,bind=127.0.0.1,reuseaddr,fork,range=127.0.0.0/8 UNIX-CLIENT:/run/aesm.socket" {
    start_peer aesm --count 2 unix-listen:aesm.socket mirror
    start_relay -t10 TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,range=127.0.0.0/8 UNIX-CLIENT:aesm.socket
    carries "tcp:$port"
}

@test "UNIX-LISTEN:/run/app/app.sock,fork,umask=0007 TCP:localhost:9696" {
    echo_server
    getent ahostsv4 localhost >resolved || skip "localhost has no address here"
    start_relay UNIX-LISTEN:app.sock,fork,umask=0007 "TCP:localhost:$echo_port"
    [ "$(stat -c %a app.sock)" = 770 ]
    carries unix:app.sock
}

@test "UNIX-LISTEN:/run/a.sock,fork UNIX-CONNECT:/run/b.sock" {
    start_peer b --count 2 unix-listen:b.sock mirror
    start_relay UNIX-LISTEN:a.sock,fork UNIX-CONNECT:b.sock
    carries unix:a.sock
}

@test "UNIX-LISTEN:/run/ctl.sock,fork,mode=600 EXEC:/usr/local/bin/handler.sh" {
    printf '#!/bin/sh\nread -r name; echo "hello $name"\n' >handler.sh
    chmod +x handler.sh
    start_relay UNIX-LISTEN:ctl.sock,fork,mode=600 EXEC:./handler.sh
    limited peer unix:ctl.sock say=$'world\n' hear=$'hello world\n' shut end
    limited peer unix:ctl.sock say=$'again\n' hear=$'hello again\n' end
}

@test "stdio /var/run/haproxy.sock" {
    start_peer haproxy unix-listen:haproxy.sock hear=$'show info\n' say=$'Name: HAProxy\n'
    run --separate-stderr limited zc-relay stdio "$PWD/haproxy.sock" < <(echo show info)
    succeeds
    [ "$output" = "Name: HAProxy" ]
}

@test "- UNIX-CONNECT:/run/ctl.sock and -t 15" {
    start_peer ctl --count 2 unix-listen:ctl.sock hear=$'status\n' say=fine
    run --separate-stderr limited zc-relay - UNIX-CONNECT:ctl.sock < <(echo status)
    succeeds
    [ "$output" = fine ]
    run --separate-stderr limited zc-relay -t 15 - UNIX-CONNECT:ctl.sock < <(echo status)
    succeeds
    [ "$output" = fine ]
}

@test "-U - UNIX-CONNECT:/run/events.sock" {
    start_peer events unix-listen:events.sock send=300000 shut
    limited zc-relay -U - UNIX-CONNECT:events.sock | stream check 300000
}

@test "STDIO TCP:127.0.0.1:9000,connect-timeout=5" {
    echo_server
    stream make 300000 | limited zc-relay STDIO "TCP:127.0.0.1:$echo_port,connect-timeout=5" | stream check 300000
}

@test "-T2 stdout tcp:127.0.0.1:22,connect-timeout=2,readbytes=1" {
    mkfifo gate
    start_peer sshd tcp-listen say=SSH-2.0-x gate=gate
    limited zc-relay -T2 stdout "tcp:127.0.0.1:$peer_port,connect-timeout=2,readbytes=1" >out
    [ "$(cat out)" = S ]
    open_gate
}

@test "-u STDIN TCP:10.0.0.5:3307, behind a program" {
    start_peer backup tcp-listen expect=3000000 end
    stream make 3000000 | limited zc-relay -u STDIN "TCP:127.0.0.1:$peer_port"
    finished "$peer_pid"
}

@test "-u TCP-LISTEN:4444,reuseaddr stdio, before a program" {
    mkdir tree copy
    make_file tree/f 3000000
    mkfifo out
    start_shell 'tar -B -C copy -xf out'
    local tar=$started_pid
    start_shell 'exec zc-relay -dd -u TCP-LISTEN:0,reuseaddr stdio >out 2>relay.log'
    local relay=$started_pid
    until_true says 'listening on' relay.log
    tar -C tree -cf - f | limited zc-relay -u - "TCP:127.0.0.1:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' relay.log)"
    finished "$relay"
    finished "$tar"
    same tree/f copy/f
}

@test "-u FILE:in.bin TCP:host:9876 to -u TCP-LISTEN:9876,reuseaddr OPEN:out.bin,creat,trunc" {
    make_file in.bin 3000000
    make_file out.bin 4000000 9
    start_relay -u TCP-LISTEN:0,reuseaddr OPEN:out.bin,creat,trunc
    limited zc-relay -u FILE:in.bin "TCP:127.0.0.1:$port"
    finished "$relay"
    same in.bin out.bin
}

@test "-u tcp-listen:56001,fork create:/media/out.bin" {
    start_relay -u tcp-listen:0,fork create:out.bin
    limited peer "tcp:$port" send=300000 shut end
    limited peer "tcp:$port" send=200000 shut end
    stream check 200000 <out.bin
}

@test "-u TCP-LISTEN:18080,fork OPEN:sink,creat,append" {
    start_relay -u TCP-LISTEN:0,fork OPEN:sink,creat,append
    limited peer "tcp:$port" send=300000,1 shut end
    limited peer "tcp:$port" send=200000,2 shut end
    (stream make 300000 1; stream make 200000 2) >expected
    same expected sink
}

@test "-U TCP-LISTEN:50000,fork,reuseaddr SYSTEM:\"tail -c +1 -f out.gbx\"" {
    make_file out.gbx 300000
    start_relay -U TCP-LISTEN:0,fork,reuseaddr 'SYSTEM:tail -c +1 -f out.gbx'
    mkfifo gate
    start peer "tcp:$port" expect=300000 mark=caught_up expect=300000,2
    local client=$started_pid
    until_true test -e caught_up
    stream make 300000 2 >>out.gbx
    finished "$client"
}

@test "-T60 TCP-LISTEN:8000,reuseaddr,fork EXEC:\"/usr/bin/python3 /main.py\"" {
    printf 'read -r line; echo "got $line"; exec cat\n' >main.sh
    start_relay -T60 TCP-LISTEN:0,reuseaddr,fork EXEC:"/bin/sh main.sh"
    limited peer "tcp:$port" say=$'one\n' hear=$'got one\n' shut end
}

@test "TCP4-LISTEN:5900,bind=10.0.0.1,reuseaddr,fork,max-children=1 UNIX-CONNECT:/run/vnc.sock" {
    start_peer vnc --count 2 unix-listen:vnc.sock mirror
    start_relay TCP4-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,max-children=1 UNIX-CONNECT:vnc.sock
    carries "tcp:$port"
    carries "tcp:$port"
}

@test "-u TCP:src:30005,keepalive,keepidle=30,keepintvl=30,keepcnt=2,connect-timeout=10,forever,interval=15 STDOUT" {
    start_peer src tcp-listen send=300000 shut
    limited zc-relay -u "TCP:127.0.0.1:$peer_port,keepalive,keepidle=30,keepintvl=30,keepcnt=2,connect-timeout=10,forever,interval=15" STDOUT >out
    stream check 300000 <out
}

@test "-u PIPE:send.fifo,ignoreeof TCP:host:6111" {
    start_peer host tcp-listen expect=1000,1 mark=half expect=1000,2 mark=whole drain
    start zc-relay -u PIPE:send.fifo,ignoreeof "TCP:127.0.0.1:$peer_port"
    until_true test -p send.fifo
    start_shell 'stream make 1000 1 >send.fifo'
    until_true test -e half
    start_shell 'stream make 1000 2 >send.fifo'
    until_true test -e whole
}

@test "ABSTRACT-LISTEN:name,fork TCP:192.0.2.8:7272" {
    echo_server
    local name=zc-line-$$-$BATS_TEST_NUMBER
    start_relay "ABSTRACT-LISTEN:$name,fork" "TCP:127.0.0.1:$echo_port"
    stream make 300000 | limited zc-relay - "ABSTRACT-CONNECT:$name" | stream check 300000
}
