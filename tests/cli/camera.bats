# The seed's camera: one source, a client, and a recording of the same bytes.
# The Go package gives the client 265,189 of 1,000,000 bytes and records none.
load helpers

setup() { set_up; }
teardown() {
    clean_up
    rm -rf "${shm:-$BATS_TEST_TMPDIR/none}"
}

# camera SOURCE_FAMILY BYTES: a camera that sends so much, in $camera.
camera() {
    case $1 in
        tcp) start_peer camera tcp-listen "send=$2" shut; camera=TCP:127.0.0.1:$peer_port ;;
        unix) start_peer camera unix-listen:camera "send=$2" shut; camera=UNIX-CONNECT:camera ;;
    esac
    camera_pid=$peer_pid
}

# watch SOURCE_FAMILY CLIENT_FAMILY BYTES: client and recording get every byte.
watch() {
    camera "$1" "$3"
    case $2 in
        tcp) start_relay -U -R recording TCP-LISTEN:0 "$camera"; door=tcp:$port ;;
        unix) start_relay -U -R recording UNIX-LISTEN:door "$camera"; door=unix:door ;;
    esac
    limited peer "$door" "expect=$3" end
    finished "$camera_pid"
    finished "$relay"
    stream check "$3" <recording
}

@test "camera: 1,000,000 bytes, TCP to TCP" { watch tcp tcp 1000000; }
@test "camera: 1,000,000 bytes, TCP to UNIX" { watch tcp unix 1000000; }
@test "camera: 1,000,000 bytes, UNIX to TCP" { watch unix tcp 1000000; }
@test "camera: 1,000,000 bytes, UNIX to UNIX" { watch unix unix 1000000; }
@test "camera: 20,000,003 bytes, TCP to TCP" { watch tcp tcp 20000003; }
@test "camera: nothing at all" { watch tcp tcp 0; }

@test "camera: one GiB, TCP to TCP" {
    local room
    room=$(df --output=avail -B1 /dev/shm | tail -n 1)
    ((room > 1500000000)) || skip "no room for 1 GiB in /dev/shm"
    shm=$(mktemp -d /dev/shm/zc-camera.XXXXXX)
    cd "$shm"
    watch tcp tcp 1073741824
}

@test "camera: the client comes to a listener on the other side, as in the man page" {
    camera tcp 1000000
    start zc-relay -dd -u -r recording "$camera" TCP-LISTEN:0 2>relay.log
    relay=$started_pid
    until_true says 'listening on' relay.log
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' relay.log)
    limited peer "tcp:$port" expect=1000000 end
    finished "$relay"
    stream check 1000000 <recording
}

@test "camera: --explain says tee" {
    camera tcp 20000003
    start_relay --explain -U -R recording TCP-LISTEN:0 "$camera"
    limited peer "tcp:$port" expect=20000003 end
    finished "$relay"
    grep -q '^zc-relay: .*TCP socket.* -> .*bytes by tee' relay.log
}

@test "camera: a slow client gets every byte, and so does the recording" {
    camera tcp 9000000
    start_relay -U -R recording TCP-LISTEN:0 "$camera"
    mkfifo gate
    start peer --rcvbuf 4096 "tcp:$port" expect=100000 gate=gate expect=8900000 end
    local client=$started_pid
    until_true relay_sleeps
    open_gate
    finished "$client"
    finished "$camera_pid"
    finished "$relay"
    stream check 9000000 <recording
}
relay_sleeps() {
    local pid
    pid=$(pgrep -n -x zc-relay -g "$relay") && grep -q '^State:.S' "/proc/$pid/status"
}

# leaves STEP: a client who takes a part and goes, while the camera holds back.
leaves() {
    mkfifo gate
    start_peer camera tcp-listen send=3000000 gate=gate send=6000000 shut
    local camera_pid=$peer_pid
    start_relay -U -R recording TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" expect=100000 "$@"
    open_gate
    finished "$camera_pid"
    # The client is told as lost; the recording is whole all the same.
    finished "$relay" 1
    stream check 9000000 <recording
}

@test "camera: the client goes away in the middle, the recording goes on to the last byte" { leaves; }
@test "camera: the client resets in the middle, the recording goes on to the last byte" { leaves reset; }

@test "camera: with both ways open the client resets, the recording goes on to the last byte" {
    mkfifo gate
    start_peer camera tcp-listen send=3000000 gate=gate send=6000000 shut
    local camera_pid=$peer_pid
    start_relay -R recording TCP-LISTEN:0 "TCP:127.0.0.1:$peer_port"
    limited peer "tcp:$port" expect=100000 reset
    open_gate
    finished "$camera_pid"
    finished "$relay" 1
    stream check 9000000 <recording
}

@test "camera: a recording that fails is told, the client gets every byte" {
    camera tcp 3000000
    start_relay -U -R /dev/full TCP-LISTEN:0 "$camera"
    limited peer "tcp:$port" expect=3000000 end
    finished "$relay" 1
    [[ $(last_error relay.log) == "zc-relay E /dev/full: No space left on device" ]]
}

@test "camera: a recording begins where the file ends" {
    printf before >recording
    watch_after_text() {
        camera tcp 1000
        start_relay -U -R recording TCP-LISTEN:0 "$camera"
        limited peer "tcp:$port" expect=1000 end
        finished "$relay"
    }
    watch_after_text
    (printf before; stream make 1000) >expected
    same expected recording
}
