package tests

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// flood is an attack by eight connections. Each sends the same messages without end and reads
// all replies.
type flood struct {
	once, again []byte // messages that are sent at first, and then repeatedly
	burst       int    // messages between two waits for their replies; 0: no waits
}

// floods are further attacks, by name.
var floods = map[string]flood{
	"flood-data": {once: openDeque(1), again: bytes.Join([][]byte{
		message(118, 1, u32(1), u64(0), u32(4), []byte{2, 0, 0, 0}), message(116, 2, u32(1), u64(0), u32(4)),
	}, nil)},
	"flood-refused":  {again: message(116, 1, u32(99), u64(0), u32(4))},
	"flood-getattr":  {again: message(24, 1, u32(0), u64(0x7ff))},
	"flood-version":  {again: message(100, 0xffff, u32(65536), text("9P2000.L"))},
	"flood-listings": {once: openDeques(500), again: openText("sessions", 65_000)},
	"flood-sizes":    {once: append(openDeques(500), message(110, 1, u32(0), u32(1), []byte{1, 0}, text("sessions"))...), again: message(24, 1, u32(1), u64(0x7ff))},
	"flood-text":     {once: openText("kmsg", 0), again: bytes.Repeat(message(116, 1, u32(1), u64(0), u32(65_000)), 8)},
	"flood-opens":    {again: openAndClose},
	"flood-directory": {once: message(110, 1, u32(0), u32(1), []byte{0, 0}), again: bytes.Join([][]byte{
		message(12, 1, u32(1), u32(0)), message(40, 1, u32(1), u64(0), u32(65_000)),
	}, nil)},
	// Each burst is about as much work as the server does in a turn (p9srv/turn.go).
	"burst-opens": {again: openAndClose, burst: 360},
	"burst-walks": {burst: 360, again: message(110, 1, u32(0), u32(1), []byte{2, 0}, text("each"), text("none"))},
	"burst-directory-end": {burst: 360,
		once:  append(message(110, 1, u32(0), u32(1), []byte{0, 0}), message(12, 1, u32(1), u32(0))...),
		again: message(40, 1, u32(1), u64(1<<40), u32(65_000))},
	"burst-log-back": {burst: 200, once: openText("kmsg", 0), again: append(
		message(116, 1, u32(1), u64(60_000), u32(1)), message(116, 1, u32(1), u64(0), u32(1))...)},
}

// openAndClose opens and closes the device as fid 1.
var openAndClose = bytes.Join([][]byte{
	message(110, 1, u32(0), u32(1), []byte{2, 0}, text("each"), text("full_ex")), message(12, 1, u32(1), u32(2)), message(120, 1, u32(1)),
}, nil)

// openDeque opens the device as a fid and sets the capacity to 100.
func openDeque(fid uint32) []byte {
	return bytes.Join([][]byte{
		message(110, 1, u32(0), u32(fid), []byte{2, 0}, text("each"), text("full_ex")),
		message(12, 1, u32(fid), u32(2)),
		message(118, 1, u32(fid), u64(0), u32(1), []byte{100}),
	}, nil)
}

// openDeques opens n devices, as fids from 10 on.
func openDeques(n uint32) (all []byte) {
	for fid := range n {
		all = append(all, openDeque(10+fid)...)
	}
	return all
}

// openText opens a text file as fid 1. If count is not 0, it also reads that many bytes and
// closes the file.
func openText(name string, count uint32) []byte {
	open := append(message(110, 1, u32(0), u32(1), []byte{1, 0}, text(name)), message(12, 1, u32(1), u32(0))...)
	if count == 0 {
		return open
	}
	return bytes.Join([][]byte{open, message(116, 1, u32(1), u64(0), u32(count)), message(120, 1, u32(1))}, nil)
}

// attackFlood returns an attack that runs a flood until the server has closed all its
// connections.
func attackFlood(name string) func(socket string) error {
	return func(socket string) error {
		attack := floodOnce
		if floods[name].burst > 0 {
			attack = burstOnce
		}
		const connections = 8
		ended := make([]error, connections)
		var all sync.WaitGroup
		for i := range connections {
			all.Go(func() { ended[i] = attack(socket, floods[name]) })
		}
		all.Wait()
		return errors.Join(ended...)
	}
}

// floodOnce floods on one connection without waiting for replies.
func floodOnce(socket string, f flood) error {
	c, err := attachAttacker(socket)
	if err != nil {
		return err
	}
	var reader sync.WaitGroup
	reader.Go(func() { _, _ = io.Copy(io.Discard, c) }) // the writer reports the error
	defer reader.Wait()
	defer func() { _ = c.Close() }()
	again := bytes.Repeat(f.again, 1+60_000/len(f.again))
	for _, err = c.Write(f.once); err == nil; {
		_, err = c.Write(again)
	}
	return err
}

// burstOnce floods on one connection and waits for the replies of each burst.
func burstOnce(socket string, f flood) error {
	c, err := attachAttacker(socket)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(f.once); err != nil {
		return err
	}
	if err := skipFrames(c, frames(f.once)); err != nil {
		return err
	}
	again := bytes.Repeat(f.again, f.burst/frames(f.again))
	for n := frames(again); err == nil; err = skipFrames(c, n) {
		if _, err := c.Write(again); err != nil {
			return err
		}
	}
	return err
}

// frames returns the number of frames in b.
func frames(b []byte) (n int) {
	for ; len(b) > 0; n++ {
		b = b[binary.LittleEndian.Uint32(b):]
	}
	return n
}
