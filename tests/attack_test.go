package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// attacks run in a process of their own until they are killed. An attack that
// cannot go on, because the server has cut it, starts again.
var attacks = map[string]func(socket string) error{
	"connect":     attackConnect,
	"cycles":      attackCycles,
	"never-read":  attackNeverRead,
	"half-frames": attackHalfFrames,
	"drip":        attackDrip,
	"sizes":       attackSizes,
}

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

// isCut says whether an error is of a connection that the other side ended or
// did not take.
func isCut(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// attackConnect connects and leaves as fast as it can.
func attackConnect(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return c.Close()
}

// attackCycles opens and closes the device as fast as it can, 64 times a batch.
// It gets as many replies as requests from any server, but not of a size that
// it could know.
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

// attachAttacker sends what starts a session and skips the two replies.
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

// skipFrames reads n frames and drops them.
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

// attackNeverRead sends requests on many connections and reads no reply.
func attackNeverRead(socket string) error {
	requests := bytes.Repeat(message(120, 1, u32(99)), 1000)
	return holdMany(socket, 200, func(c net.Conn) error {
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

// attackHalfFrames stops within a frame, on many connections.
func attackHalfFrames(socket string) error {
	half := append(message(100, 0xffff, u32(65536), text("9P2000.L")), u32(60_000)...)
	return holdMany(socket, 1000, func(c net.Conn) error {
		_, err := c.Write(append(half, make([]byte, 5000)...))
		return err
	})
}

// attackDrip keeps many messages under way and sends a byte of each at a time.
func attackDrip(socket string) error {
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for range 300 {
		c, err := attachAttacker(socket)
		if err != nil {
			return err
		}
		held = append(held, c)
	}
	large := append(u32(60_000), make([]byte, 59_996)...)
	for i := range large {
		for _, c := range held {
			if _, err := c.Write(large[i : i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdMany does something on n connections, holds them a while, and lets them
// go.
func holdMany(socket string, n int, do func(net.Conn) error) error {
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		held = append(held, c)
		if err := do(c); err != nil {
			return err
		}
	}
	<-time.After(time.Second)
	return nil
}

// attackSizes claims frames of 4 GiB, and waits to be cut.
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
