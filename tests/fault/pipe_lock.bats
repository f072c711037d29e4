# A process that reads a pipe into which zc-cat, zc-tee or zc-relay moves bytes is
# never stuck, not even while the socket or terminal at the other end is silent.
#
# A splice(2) that sleeps there would hold the pipe's lock, and everybody else who
# touches that pipe would hang with it; see cli/pipe_probe.cpp.
load ../cli/helpers

setup() {
    set_up
    mkfifo out
    # Open for both: it waits for nobody, and the pipe lives as long as the test.
    exec 9<>out
}
teardown() {
    exec 9>&-
    clean_up
}

sleeps() {
    local pid
    pid=$(pgrep -n -x "$1" -g "$mover") && grep -q '^State:.S' "/proc/$pid/status"
}

# A million bytes have come, so that bulk methods are in use; now the source is
# silent and PROGRAM sleeps. Whoever asks about the pipe gets his answer.
probe_while_silent() {
    pipe_probe 1000000 <&9
    until_true sleeps "$1"
    pipe_probe <&9
}

@test "zc-cat from a silent UNIX socket" {
    mkfifo feed
    exec 8<>feed
    start_shell 'exec onto stdin-socketpair=feed -- zc-cat >out 9>&- 8>&-'
    mover=$started_pid
    start_shell 'stream make 1000000 >&8 9>&-'
    probe_while_silent zc-cat
}

@test "zc-cat from a silent TCP socket" {
    mkfifo gate
    start_peer silent tcp-listen send=1000000 gate=gate
    start_shell "exec zc-cat </dev/tcp/127.0.0.1/$peer_port >out 9>&-"
    mover=$started_pid
    probe_while_silent zc-cat
}

@test "zc-cat from a silent terminal" {
    mkfifo keys
    exec 8<>keys
    start_shell 'exec script -qefc "stty raw -echo; echo \$\$ >pid; exec zc-cat >out" /dev/null <keys 9>&-'
    until_true test -s pid
    start_shell 'stream make 1000000 >&8 9>&-'
    pipe_probe 1000000 <&9
    until_true grep -q '^State:.S' "/proc/$(cat pid)/status"
    pipe_probe <&9
    kill "$(cat pid)"
}

@test "zc-cat to a TCP socket that takes no more" {
    mkfifo gate
    start_peer full --rcvbuf 4096 tcp-listen gate=gate
    start_shell 'exec cat /dev/zero >out 9>&-'
    start_shell "exec zc-cat <out >/dev/tcp/127.0.0.1/$peer_port 9>&-"
    mover=$started_pid
    until_true sleeps zc-cat
    pipe_probe <&9
}

@test "zc-tee from a silent UNIX socket, each of its pipes" {
    mkfifo feed other
    exec 8<>feed 7<>other
    start_shell 'exec onto stdin-socketpair=feed -- zc-tee other >out 9>&- 8>&- 7>&-'
    mover=$started_pid
    start_shell 'stream make 1000000 >&8 9>&-'
    start_shell 'pipe_probe 1000000 <&7 9>&-'
    local other=$started_pid
    probe_while_silent zc-tee
    finished "$other"
    pipe_probe <&7
}

@test "zc-relay from a silent TCP socket" {
    mkfifo gate
    start_peer silent tcp-listen send=1000000 gate=gate
    start_shell "exec zc-relay -u TCP:127.0.0.1:$peer_port STDOUT >out 9>&-"
    mover=$started_pid
    probe_while_silent zc-relay
}

@test "zc-relay from a silent UNIX socket" {
    mkfifo gate
    start_peer silent unix-listen:silent send=1000000 gate=gate
    start_shell 'exec zc-relay -u UNIX-CONNECT:silent STDOUT >out 9>&-'
    mover=$started_pid
    probe_while_silent zc-relay
}

@test "zc-relay to a TCP socket that takes no more" {
    mkfifo gate
    start_peer full --rcvbuf 4096 tcp-listen gate=gate
    start_shell 'exec cat /dev/zero >out 9>&-'
    start_shell "exec zc-relay -u STDIN TCP:127.0.0.1:$peer_port <out 9>&-"
    mover=$started_pid
    until_true sleeps zc-relay
    pipe_probe <&9
}
