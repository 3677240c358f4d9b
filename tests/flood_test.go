package tests

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// floods are attacks by eight connections that send one kind of message without end and
// read all replies. Each starts with messages that are sent once.
var floods = map[string]struct{ once, again []byte }{
	"flood-data": {openDeque(1), bytes.Join([][]byte{
		message(118, 1, u32(1), u64(0), u32(4), []byte{2, 0, 0, 0}), message(116, 2, u32(1), u64(0), u32(4)),
	}, nil)},
	"flood-refused":  {nil, message(116, 1, u32(99), u64(0), u32(4))},
	"flood-getattr":  {nil, message(24, 1, u32(0), u64(0x7ff))},
	"flood-version":  {nil, message(100, 0xffff, u32(65536), text("9P2000.L"))},
	"flood-listings": {openDeques(500), openText("sessions", 65_000)},
	"flood-text":     {openText("kmsg", 0), bytes.Repeat(message(116, 1, u32(1), u64(0), u32(65_000)), 8)},
	"flood-opens": {nil, bytes.Join([][]byte{
		message(110, 1, u32(0), u32(1), []byte{2, 0}, text("each"), text("full_ex")), message(12, 1, u32(1), u32(2)), message(120, 1, u32(1)),
	}, nil)},
	"flood-directory": {message(110, 1, u32(0), u32(1), []byte{0, 0}), bytes.Join([][]byte{
		message(12, 1, u32(1), u32(0)), message(40, 1, u32(1), u64(0), u32(65_000)),
	}, nil)},
}

// openDeque opens the device as a fid; its capacity is 100.
func openDeque(fid uint32) []byte {
	return bytes.Join([][]byte{
		message(110, 1, u32(0), u32(fid), []byte{2, 0}, text("each"), text("full_ex")),
		message(12, 1, u32(fid), u32(2)),
		message(118, 1, u32(fid), u64(0), u32(1), []byte{100}),
	}, nil)
}

func openDeques(n uint32) (all []byte) {
	for fid := range n {
		all = append(all, openDeque(10+fid)...)
	}
	return all
}

// openText opens a text file as fid 1, reads some of it if count is not 0, and closes it
// then.
func openText(name string, count uint32) []byte {
	open := append(message(110, 1, u32(0), u32(1), []byte{1, 0}, text(name)), message(12, 1, u32(1), u32(0))...)
	if count == 0 {
		return open
	}
	return bytes.Join([][]byte{open, message(116, 1, u32(1), u64(0), u32(count)), message(120, 1, u32(1))}, nil)
}

// attackFlood runs a flood until the server cuts it.
func attackFlood(name string) func(socket string) error {
	return func(socket string) error {
		flood := floods[name]
		again := bytes.Repeat(flood.again, 1+60_000/len(flood.again))
		const connections = 8
		ended := make([]error, connections)
		var all sync.WaitGroup
		for i := range connections {
			all.Go(func() { ended[i] = floodOnce(socket, flood.once, again) })
		}
		all.Wait()
		return errors.Join(ended...)
	}
}

func floodOnce(socket string, once, again []byte) error {
	c, err := attachAttacker(socket)
	if err != nil {
		return err
	}
	var reader sync.WaitGroup
	reader.Go(func() { _, _ = io.Copy(io.Discard, c) }) // the writer finds an error, too
	defer reader.Wait()
	defer func() { _ = c.Close() }()
	for _, err = c.Write(once); err == nil; {
		_, err = c.Write(again)
	}
	return err
}
