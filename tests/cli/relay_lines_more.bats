# Command lines found in public files, as in relay_lines.bats: those that need a
# program around the relay, or somebody who comes late.
load helpers

setup() { set_up; }
teardown() { clean_up; }

@test "ACCEPT-FD:3,fork TCP:127.0.0.1:5911, on a socket that another program has opened" {
    start_peer echo --count 3 tcp-listen mirror
    start onto listens=3,door -- zc-relay ACCEPT-FD:3,fork "TCP:127.0.0.1:$peer_port"
    relay=$started_pid
    until_true test -e door
    read -r port <door
    for i in 1 2 3; do limited peer "tcp:$port" "duplex=300000,$i,300000,$i"; done
    kill "$relay"
    finished "$relay" 143
}

@test "ACCEPT-FD:3 TCP:127.0.0.1:5911, without fork: one connection, then the end" {
    start_peer echo tcp-listen mirror
    start onto listens=3,door -- zc-relay ACCEPT-FD:3 "TCP:127.0.0.1:$peer_port"
    relay=$started_pid
    until_true test -e door
    read -r port <door
    limited peer "tcp:$port" duplex=300000,1,300000,1
    finished "$relay"
}

@test "-u TCP:src:30005,keepalive,...,forever,interval=15 STDOUT: the source comes later" {
    closed_port
    start_shell "exec zc-relay -u TCP:127.0.0.1:$closed_port,keepalive,keepidle=30,keepintvl=30,keepcnt=2,connect-timeout=10,forever,interval=0.05 STDOUT >out"
    relay=$started_pid
    until_true waits
    make_file f 300000
    limited zc-relay -u FILE:f "TCP-LISTEN:$closed_port,reuseaddr"
    finished "$relay"
    same f out
}
# The relay has begun, and has nothing to do for now.
waits() {
    local pid
    pid=$(pgrep -n -x zc-relay -g "$relay") && grep -q '^State:.S' "/proc/$pid/status"
}

@test "-u TCP-LISTEN:4444,reuseaddr stdio, before gzip -dc and tar" {
    mkdir tree copy
    make_file tree/f 3000000
    start_shell 'zc-relay -dd -u TCP-LISTEN:0,reuseaddr stdio 2>relay.log | gzip -dc | tar -C copy -xf -'
    local receiver=$started_pid
    until_true says 'listening on' relay.log
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' relay.log)
    tar -C tree -cf - f | gzip -1 | limited zc-relay -u STDIN "TCP:127.0.0.1:$port"
    finished "$receiver"
    same tree/f copy/f
}

@test "-u FILE:in.bin TCP:host:9876 to -u TCP-LISTEN:9876,reuseaddr OPEN:out.bin,creat,trunc: a new file, an empty one" {
    make_file in.bin 3000000
    : >empty
    start_relay -u TCP-LISTEN:0,reuseaddr OPEN:out.bin,creat,trunc
    limited zc-relay -u FILE:in.bin "TCP:127.0.0.1:$port"
    finished "$relay"
    same in.bin out.bin
    start_relay -u TCP-LISTEN:0,reuseaddr OPEN:out.bin,creat,trunc
    limited zc-relay -u FILE:empty "TCP:127.0.0.1:$port"
    finished "$relay"
    same empty out.bin
}

@test "-u tcp-listen:56001,fork create:/media/out.bin: the shorter of two files is not the longer one's start" {
    start_relay -u tcp-listen:0,fork create:out.bin
    limited peer "tcp:$port" send=5000000,1 shut end
    limited peer "tcp:$port" send=1,2 shut end
    stream check 1 2 <out.bin
}

@test "-t 15 - UNIX-CONNECT:/run/x.sock: an answer after the end of the question" {
    start_peer x unix-listen:x.sock expect=300000,1 end send=300000,2 shut
    make_file question 300000 1
    limited zc-relay -t 15 - UNIX-CONNECT:x.sock <question | stream check 300000 2
}

@test "UNIX-LISTEN:/run/ctl.sock,fork,mode=600 EXEC:/usr/local/bin/handler.sh: mode, and clients side by side" {
    printf '#!/bin/sh\nread -r name; echo "hello $name"\n' >handler.sh
    chmod +x handler.sh
    start_relay UNIX-LISTEN:ctl.sock,fork,mode=600 EXEC:./handler.sh
    [ "$(stat -c %a ctl.sock)" = 600 ]
    mkfifo gate
    start peer unix:ctl.sock mark=inside gate=gate say=$'late\n' hear=$'hello late\n' end
    local late=$started_pid
    until_true test -e inside
    limited peer unix:ctl.sock say=$'early\n' hear=$'hello early\n' end
    open_gate
    finished "$late"
}

@test "TCP-LISTEN:2375,bind=0.0.0.0,reuseaddr,fork UNIX-CONNECT:/var/run/docker.sock: started again while clients of before are left" {
    start_peer docker --count 3 unix-listen:docker.sock mirror
    start_relay TCP-LISTEN:0,bind=0.0.0.0,reuseaddr,fork UNIX-CONNECT:docker.sock
    mkfifo gate
    start peer "tcp:$port" say=hello hear=hello mark=inside gate=gate
    local client=$started_pid
    until_true test -e inside
    kill "$relay"
    finished "$relay" 143
    local before=$port
    start_relay "TCP-LISTEN:$before,bind=0.0.0.0,reuseaddr,fork" UNIX-CONNECT:docker.sock
    [ "$port" = "$before" ]
    limited peer "tcp:$port" duplex=300000,1,300000,1
    open_gate
    finished "$client"
}
