package trace

import (
	"io"
	"testing"

	"fullex/p9srv/wire"
)

// exchange returns pairs of requests of a deque and their replies.
func exchange(pairs int) (requests, replies []byte) {
	for i := range pairs {
		requests = wire.AppendWrite(requests, uint16(2*i), 1, 0, []byte{2, 0, 0, 0})
		requests = wire.AppendRead(requests, uint16(2*i+1), 1, 0, 4)
		replies = append(replies, 11, 0, 0, 0, byte(wire.Rwrite), byte(2*i), byte(2*i>>8), 4, 0, 0, 0)
		replies = append(replies, 15, 0, 0, 0, byte(wire.Rread), byte(2*i+1), byte((2*i+1)>>8), 4, 0, 0, 0, 2, 0, 0, 0)
	}
	return requests, replies
}

// talk makes a conversation that has a device open as fid 1.
func talk(q *Queue, r *Recorder) *conversation {
	c := newConversation(1, q, r)
	c.fids[1] = &fid{path: "/each/full_ex"}
	if r != nil {
		c.recordOpen(c.fids[1], "ok", 0)
	}
	return c
}

// BenchmarkLook is what the proxy adds to a request and its reply, of 64 in flight.
func BenchmarkLook(b *testing.B) {
	requests, replies := exchange(32)
	b.Run("queue full", func(b *testing.B) {
		c := talk(NewQueue(), nil)
		b.ReportAllocs()
		for range b.N / 64 {
			c.requested(requests)
			c.replied(replies)
		}
	})
	b.Run("recorded", func(b *testing.B) {
		r, err := NewRecorder(b.TempDir() + "/f")
		if err != nil {
			b.Fatal(err)
		}
		c := talk(NewQueue(), r)
		b.ReportAllocs()
		for range b.N / 64 {
			c.requested(requests)
			c.replied(replies)
		}
	})
	for name, asJSON := range map[string]bool{"text": false, "json": true} {
		b.Run(name, func(b *testing.B) {
			q := NewQueue()
			printed := make(chan error)
			go func() { printed <- Printer{Out: io.Discard, JSON: asJSON}.Print(q) }()
			c := talk(q, nil)
			b.ReportAllocs()
			for range b.N / 64 {
				c.requested(requests)
				c.replied(replies)
			}
			q.Close()
			if err := <-printed; err != nil {
				b.Fatal(err)
			}
		})
	}
}
