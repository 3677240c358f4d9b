package load

import (
	"fmt"
	"net"
	"testing"
	"time"

	"fullex/deque"
	"fullex/p9srv/wire"
)

// instant is a connection whose other end is a deque that answers at once.
type instant struct {
	net.Conn
	values  *deque.Deque
	replies []byte
}

func (c *instant) Write(p []byte) (int, error) {
	for in := p; len(in) > 0; in = in[wire.Size(in):] {
		m := wire.Frame(in[:wire.Size(in)])
		if m.Type() == wire.Twrite {
			v := int32(le.Uint32(m[wire.TwriteHead:]))
			if v%2 == 0 {
				_ = c.values.PushRight(v)
			} else {
				_ = c.values.PushLeft(v)
			}
			c.replies = append(c.replies, wire.RwriteSize, 0, 0, 0, byte(wire.Rwrite), m[5], m[6], valueSize, 0, 0, 0)
			continue
		}
		v, _ := c.values.PopLeft()
		c.replies = append(c.replies, wire.RreadHead+valueSize, 0, 0, 0, byte(wire.Rread), m[5], m[6], valueSize, 0, 0, 0)
		c.replies = le.AppendUint32(c.replies, uint32(v))
	}
	return len(p), nil
}

func (c *instant) Read(p []byte) (int, error) {
	n := copy(p, c.replies)
	c.replies = c.replies[:0]
	return n, nil
}

func (c *instant) SetReadDeadline(time.Time) error  { return nil }
func (c *instant) SetWriteDeadline(time.Time) error { return nil }

// nobody is a Recorder that does nothing.
type nobody struct{}

func (nobody) Record(Kind, time.Duration, bool, int64) {}

// steady returns a Conn whose server answers at once.
func steady(depth int) *Conn {
	other := &instant{}
	c := NewFixed(other, Config{Depth: depth, Sessions: 1, Fill: Half, Recorder: nobody{}})
	s := c.sessions[0]
	s.check, c.config.Check = Deque, Deque
	other.values, _ = deque.New(Capacity)
	for _, v := range s.values.Append(nil) {
		_ = other.values.PushRight(v)
	}
	return c
}

func TestOperationsAllocateNothing(t *testing.T) {
	const ops = 10_000
	c := steady(64)
	perRun := testing.AllocsPerRun(5, func() {
		r, err := Run(t.Context(), []Worker{c}, Options{Length: time.Minute, Each: ops})
		if err != nil || r.Ops != ops {
			t.Fatal(r, err)
		}
	})
	if perRun > ops/100 { // the run itself makes some
		t.Errorf("%.0f allocations in %d operations", perRun, ops)
	}
}

// BenchmarkOperation measures the client's cost of an operation. The server answers at once.
func BenchmarkOperation(b *testing.B) {
	for _, depth := range []int{1, 64} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			b.ReportAllocs()
			r, err := Run(b.Context(), []Worker{steady(depth)}, Options{Length: time.Hour, Each: int64(b.N)})
			if err != nil || r.Ops != int64(b.N) {
				b.Fatal(r, err)
			}
		})
	}
}
