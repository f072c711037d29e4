// copy [-io] SOURCE SINK: what tests/bench/transfer does, in Go: by splice(2) through a
// pipe of 1 MiB, waiting in the runtime's poller, as acln.ro/zerocopy's Transfer; with -io
// by io.Copy, whatever Go makes of it. Addresses as transfer has them: TCP-LISTEN:PORT,..., TCP:HOST:PORT,
// UNIX-LISTEN:PATH and UNIX-CONNECT:PATH.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const pipeBytes = 1 << 20

type conn interface {
	net.Conn
	syscall.Conn
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "copy:", err)
		os.Exit(1)
	}
}

func open(address string) conn {
	address = strings.Split(address, ",")[0]
	kind, place, _ := strings.Cut(address, ":")
	network := "tcp"
	if strings.HasPrefix(kind, "UNIX") {
		network = "unix"
	}
	if !strings.HasSuffix(kind, "-LISTEN") {
		made, err := net.Dial(network, place)
		must(err)
		return made.(conn)
	}
	if network == "tcp" {
		place = ":" + place
	}
	listener, err := net.Listen(network, place)
	must(err)
	made, err := listener.Accept()
	must(err)
	return made.(conn)
}

// Moves everything from a connection to another; a short splice is followed by another.
func splice(sink, source conn) error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(pipe[1]), unix.F_SETPIPE_SZ, pipeBytes); err != nil {
		return err
	}
	in, err := source.SyscallConn()
	must(err)
	out, err := sink.SyscallConn()
	must(err)
	for {
		var got, gone int64
		var failed error
		err := in.Read(func(fd uintptr) bool {
			got, failed = unix.Splice(int(fd), nil, pipe[1], nil, pipeBytes, unix.SPLICE_F_NONBLOCK)
			return failed != unix.EAGAIN
		})
		if err != nil || failed != nil || got == 0 {
			return firstOf(err, failed)
		}
		for got > 0 {
			err := out.Write(func(fd uintptr) bool {
				gone, failed = unix.Splice(pipe[0], nil, int(fd), nil, int(got), unix.SPLICE_F_NONBLOCK)
				return failed != unix.EAGAIN
			})
			if err != nil || failed != nil {
				return firstOf(err, failed)
			}
			got -= gone
		}
	}
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func main() {
	words := os.Args[1:]
	byIO := len(words) > 0 && words[0] == "-io"
	if byIO {
		words = words[1:]
	}
	if len(words) != 2 {
		os.Exit(2)
	}
	source := open(words[0])
	sink := open(words[1])
	if byIO {
		_, err := io.Copy(sink, source)
		must(err)
	} else {
		must(splice(sink, source))
	}
	must(sink.Close())
}
