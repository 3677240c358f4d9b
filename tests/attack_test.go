package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// attacks are what a process of its own does to the server at a socket, by name. Each
// returns when the server has closed its connection, or after one round. The process
// repeats it until the process is killed.
var attacks = map[string]func(socket string) error{
	"connect":     attackConnect,
	"cycles":      attackCycles,
	"never-read":  attackNeverRead,
	"half-frames": attackHalfFrames,
	"drip":        attackDrip,
	"sizes":       attackSizes,
}

// attack attacks the server at a socket until this process is killed. It returns only on an
// error other than a closed or refused connection.
func attack(name, socket string) error {
	run, ok := attacks[name]
	if _, is := floods[name]; is {
		run, ok = attackFlood(name), true
	}
	if !ok {
		return fmt.Errorf("no attack %q", name)
	}
	fmt.Println("under way")
	for {
		if err := run(socket); err != nil && !isCut(err) {
			return err
		}
	}
}

// isCut reports whether an error means that the server closed or refused the connection.
func isCut(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// attackConnect connects and closes the connection at once.
func attackConnect(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return c.Close()
}

// attackCycles opens, uses and closes the device as fast as it can, in batches of 64. Any
// server sends as many replies as it gets requests, but the sizes of the replies vary.
func attackCycles(socket string) error {
	c, err := attachAttacker(socket)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	cycle := bytes.Join([][]byte{
		message(110, 1, u32(0), u32(1), []byte{2, 0}, text("each"), text("full_ex")),
		message(12, 1, u32(1), u32(2)),
		message(118, 1, u32(1), u64(0), u32(1), []byte{100}),
		message(120, 1, u32(1)),
	}, nil)
	batch := bytes.Repeat(cycle, 64)
	for {
		if _, err := c.Write(batch); err != nil {
			return err
		}
		if err := skipFrames(c, 4*64); err != nil {
			return err
		}
	}
}

// attachAttacker connects, sends Tversion and Tattach, and skips the two replies. The
// caller closes the connection.
func attachAttacker(socket string) (net.Conn, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	start := append(message(100, 0xffff, u32(65536), text("9P2000.L")),
		message(104, 1, u32(0), u32(0xffffffff), text(""), text(""), u32(0))...)
	if _, err = c.Write(start); err == nil {
		err = skipFrames(c, 2)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// skipFrames reads n frames and drops them. It may also drop bytes that follow.
func skipFrames(c net.Conn, n int) error {
	in, fill := make([]byte, 64<<10), 0
	for n > 0 {
		got, err := c.Read(in[fill:])
		if err != nil {
			return err
		}
		fill += got
		used := 0
		for fill-used >= 4 {
			size := int(in[used]) | int(in[used+1])<<8 | int(in[used+2])<<16
			if fill-used < size {
				break
			}
			used += size
			n--
		}
		fill = copy(in, in[used:fill])
	}
	return nil
}

// attackNeverRead sends requests on many connections and reads no replies.
func attackNeverRead(socket string) error {
	requests := bytes.Repeat(message(120, 1, u32(99)), 1000)
	return onMany(socket, 200, func(c net.Conn) error {
		if err := c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			return err
		}
		for {
			if _, err := c.Write(requests); err != nil {
				return nil // the server takes no more
			}
		}
	})
}

// attackHalfFrames sends the first part of a frame on many connections.
func attackHalfFrames(socket string) error {
	half := append(message(100, 0xffff, u32(65536), text("9P2000.L")), u32(60_000)...)
	return onMany(socket, 1000, func(c net.Conn) error {
		_, err := c.Write(append(half, make([]byte, 5000)...))
		return err
	})
}

// attackDrip sends one large message on each of many connections, all at the same time and
// byte by byte.
func attackDrip(socket string) error {
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range 300 {
		c, err := attachAttacker(socket)
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	large := append(u32(60_000), make([]byte, 59_996)...)
	for i := range large {
		for _, c := range conns {
			if _, err := c.Write(large[i : i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// onMany opens n connections and calls do on each. It closes them all a second later.
func onMany(socket string, n int, do func(net.Conn) error) error {
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		if err := do(c); err != nil {
			return err
		}
	}
	<-time.After(time.Second)
	return nil
}

// attackSizes announces a frame of 4 GiB and waits until the server closes the connection.
func attackSizes(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte{255, 255, 255, 255, 118, 0, 0}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
}
