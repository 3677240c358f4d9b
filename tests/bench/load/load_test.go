package load

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"fullex/device"
	"fullex/p9srv/wire"
)

// serve answers every request on one end of a pipe with what reply makes of
// it, and returns the other end.
func serve(t *testing.T, reply func(request []byte) []byte) net.Conn {
	t.Helper()
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			request := make([]byte, wire.HeadSize)
			if _, err := io.ReadFull(there, request); err != nil {
				return
			}
			request = append(request, make([]byte, int(wire.Size(request))-wire.HeadSize)...)
			if _, err := io.ReadFull(there, request[wire.HeadSize:]); err != nil {
				return
			}
			if _, err := there.Write(reply(request)); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = here.Close()
		_ = there.Close()
		<-done
	})
	return here
}

// queue is a server that does all right: first in, first out.
func queue() func(request []byte) []byte {
	var values [][]byte
	return func(request []byte) []byte {
		body := []byte{4, 0, 0, 0}
		if wire.Frame(request).Type() == wire.Twrite {
			values = append(values, request[len(request)-device.ValueSize:])
		} else {
			body = append(body, values[0]...)
			values = values[1:]
		}
		head := []byte{byte(wire.HeadSize + len(body)), 0, 0, 0, byte(wire.Frame(request).Type()) + 1, request[5], request[6]}
		return append(head, body...)
	}
}

// inOrder is what the queue's replies must be.
var inOrder = Replies{Step: pushStep}

func TestRunCountsEveryReply(t *testing.T) {
	answered := 0
	server := queue()
	c := NewConn(serve(t, func(request []byte) []byte {
		answered++
		return server(request)
	}), Values, 1, 1, 0, inOrder)
	total := 0
	for range 3 {
		r, err := Run([]*Conn{c}, 10*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if r.Ops == 0 || r.Elapsed < 10*time.Millisecond {
			t.Errorf("%d operations in %v", r.Ops, r.Elapsed)
		}
		total += r.Ops
	}
	if total != answered {
		t.Errorf("counted %d of %d", total, answered)
	}
}

func TestWrongRepliesAreFound(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(reply []byte) []byte
		want  string
	}{
		{"refused", func(r []byte) []byte { r[4] = byte(wire.Rlerror); return r }, "type 7 instead of 119"},
		{"another type", func(r []byte) []byte { r[4] = byte(wire.Rread); return r }, "type 117 instead of 119"},
		{"another tag", func(r []byte) []byte { r[5] = 9; return r }, "tag 9"},
		{"no count", func(r []byte) []byte { return append([]byte{7}, r[1:7]...) }, "count is not 4"},
		{"count 0", func(r []byte) []byte { r[7] = 0; return r }, "count is not 4"},
		{"another value", another, "instead of"},
		{"an Rread without value", shorten, "size 11"},
		{"no size", func(r []byte) []byte { r[0] = 0; return r }, "size 0"},
		{"a size beyond all", func(r []byte) []byte { r[2] = 1; return r }, "a reply of size"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := queue()
			c := NewConn(serve(t, func(request []byte) []byte {
				return test.spoil(server(request))
			}), Values, 1, 1, 0, inOrder)
			_, err := Run([]*Conn{c}, time.Second)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// another puts another value into an Rread.
func another(reply []byte) []byte {
	if len(reply) == rreadSize {
		reply[len(reply)-1] ^= 2
	}
	return reply
}

// shorten takes the value from an Rread.
func shorten(reply []byte) []byte {
	if len(reply) != rreadSize {
		return reply
	}
	reply[0] = wire.HeadSize + 4
	return reply[:reply[0]]
}
