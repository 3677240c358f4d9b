package client_test

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

// interrupted starts a call and ends its context when the request has arrived. It returns
// the request and the Tflush.
func (s *played) interrupted(typ wire.Type, call func(context.Context) result) (request, flush wire.Frame, done <-chan result) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done = during(func() result { return call(ctx) })
	request = s.receive(typ)
	cancel()
	flush = s.receive(wire.Tflush)
	require.EqualValues(s.t, request.Tag(), flush.Field("oldtag").Uint())
	require.NotEqual(s.t, request.Tag(), flush.Tag())
	return request, flush, done
}

func reading(f *client.File, p []byte) func(context.Context) result {
	return func(ctx context.Context) result {
		n, err := f.ReadAt(ctx, p, 0)
		return result{n, err}
	}
}

func TestReplyBeforeRflushIsTheResult(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		_, f := s.file(k)
		p := make([]byte, 4)
		m, flush, done := s.interrupted(wire.Tread, reading(f, p))
		s.reply(wire.Rread, m.Tag(), 4, 0, 0, 0, 7, 0, 0, 0)
		assert.Equal(t, result{4, nil}, <-done)
		assert.Equal(t, []byte{7, 0, 0, 0}, p, "the value is not lost")
		// Until Rflush the tag is not used again (flush(5)).
		next := during(func() result { return reading(f, p)(context.Background()) })
		other := s.receive(wire.Tread)
		assert.NotEqual(t, m.Tag(), other.Tag())
		s.reply(wire.Rflush, flush.Tag())
		s.reply(wire.Rlerror, other.Tag(), u32(uint32(syscall.EACCES))...)
		assert.ErrorIs(t, (<-next).err, syscall.EACCES)

		m, flush, done = s.interrupted(wire.Twrite, func(ctx context.Context) result {
			n, err := f.WriteAt(ctx, p, 0)
			return result{n, err}
		})
		s.reply(wire.Rlerror, m.Tag(), u32(uint32(syscall.EINVAL))...)
		assert.ErrorIs(t, (<-done).err, syscall.EINVAL)
		s.reply(wire.Rflush, flush.Tag())
	})
}

func TestRequestWithOnlyAnRflushCountsAsNeverSent(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		root, f := s.file(k)
		_, flush, done := s.interrupted(wire.Tread, reading(f, make([]byte, 4)))
		s.reply(wire.Rflush, flush.Tag())
		got := <-done
		assert.ErrorIs(t, got.err, context.Canceled)
		assert.NotErrorIs(t, got.err, client.ErrNoAnswer)
		assert.EqualError(t, got.err, "read /f: context canceled")

		m, flush, done := s.interrupted(wire.Twalk, func(ctx context.Context) result {
			_, err := root.Walk(ctx, "f")
			return result{0, err}
		})
		fid := m.Field("newfid").Uint()
		s.reply(wire.Rflush, flush.Tag())
		assert.ErrorIs(t, (<-done).err, context.Canceled)
		walked := during(func() result {
			_, err := root.Walk(context.Background(), "f")
			return result{0, err}
		})
		m = s.receive(wire.Twalk)
		assert.Equal(t, fid, m.Field("newfid").Uint(), "the fid was not made")
		s.reply(wire.Rwalk, m.Tag(), ok(wire.Twalk)...)
		require.NoError(t, (<-walked).err)
	})
}

// making returns the calls that make or open a fid.
func making(k *client.Conn, root, f *client.File) map[wire.Type]func(context.Context) result {
	return map[wire.Type]func(context.Context) result{
		wire.Tattach: func(ctx context.Context) result { _, err := k.Attach(ctx, 1, ""); return result{0, err} },
		wire.Twalk:   func(ctx context.Context) result { _, err := root.Walk(ctx, "g"); return result{0, err} },
		wire.Tlopen:  func(ctx context.Context) result { return result{0, f.Open(ctx, 0)} },
	}
}

// madeFID returns the fid that a request makes or opens.
func madeFID(m wire.Frame) uint32 {
	if m.Type() == wire.Twalk {
		return uint32(m.Field("newfid").Uint())
	}
	return fidOf(m)
}

func TestFlushedRequestThatMadeAFIDIsUndone(t *testing.T) {
	for _, typ := range []wire.Type{wire.Tattach, wire.Twalk, wire.Tlopen} {
		t.Run(typ.String(), func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
				root, f := s.file(k)
				m, flush, done := s.interrupted(typ, making(k, root, f)[typ])
				s.reply(typ+1, m.Tag(), ok(typ)...)
				clunk := s.receive(wire.Tclunk)
				assert.Equal(t, madeFID(m), fidOf(clunk))
				assert.ErrorIs(t, (<-done).err, context.Canceled)
				s.reply(wire.Rflush, flush.Tag())
				s.reply(wire.Rclunk, clunk.Tag())
			})
		})
	}
}

func TestUnansweredTagAndFIDAreNeverUsedAgain(t *testing.T) {
	for _, typ := range []wire.Type{wire.Tattach, wire.Twalk, wire.Tlopen, wire.Tread} {
		t.Run(typ.String(), func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
				root, f := s.file(k)
				calls := making(k, root, f)
				calls[wire.Tread] = reading(f, make([]byte, 4))
				m, flush, done := s.interrupted(typ, calls[typ])
				got := <-done
				assert.ErrorIs(t, got.err, client.ErrNoAnswer)
				assert.ErrorIs(t, got.err, context.Canceled)
				if typ == wire.Tlopen || typ == wire.Tread {
					assert.ErrorIs(t, reading(f, nil)(context.Background()).err, client.ErrNoAnswer)
					require.NoError(t, f.Close(context.Background()), "Close does not wait")
				}
				clunk := s.receive(wire.Tclunk)
				assert.Equal(t, madeFID(m), fidOf(clunk), "a Tclunk in case the server answers again")
				// Late replies are accepted, and change nothing.
				s.reply(wire.Rlerror, m.Tag(), u32(uint32(syscall.EIO))...)
				s.reply(wire.Rflush, flush.Tag())
				s.reply(wire.Rclunk, clunk.Tag())
				for range 8 {
					walked := during(func() *client.File {
						f, err := root.Walk(context.Background(), "f")
						assert.NoError(t, err)
						return f
					})
					next := s.receive(wire.Twalk)
					assert.NotContains(t, []uint16{m.Tag(), flush.Tag()}, next.Tag())
					assert.NotEqual(t, madeFID(m), madeFID(next))
					s.reply(wire.Rwalk, next.Tag(), ok(wire.Twalk)...)
					<-walked
				}
			})
		})
	}
}

func TestTclunkIsNeverFlushed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		root, f := s.file(k)
		ctx, cancel := context.WithCancel(context.Background())
		closed := during(func() error { return f.Close(ctx) })
		clunk := s.receive(wire.Tclunk)
		cancel()
		assert.ErrorIs(t, <-closed, context.Canceled)
		walk := func() (m wire.Frame) {
			walked := during(func() error {
				_, err := root.Walk(context.Background(), "f")
				return err
			})
			m = s.receive(wire.Twalk)
			s.reply(wire.Rwalk, m.Tag(), ok(wire.Twalk)...)
			require.NoError(t, <-walked)
			return m
		}
		assert.NotEqual(t, fidOf(clunk), madeFID(walk()))
		s.reply(wire.Rclunk, clunk.Tag())
		walk() // reads the Rclunk
		assert.Equal(t, fidOf(clunk), madeFID(walk()), "the fid is free now")
	})
}

func TestServerThatRefusesTflushGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		_, f := s.file(k)
		m, flush, done := s.interrupted(wire.Tread, reading(f, make([]byte, 4)))
		s.reply(wire.Rlerror, flush.Tag(), u32(uint32(syscall.EOPNOTSUPP))...)
		s.reply(wire.Rread, m.Tag(), 0, 0, 0, 0)
		assert.Equal(t, result{}, <-done)
	})
}

func TestBatchIsFlushedTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		_, f := s.file(k)
		ops := []client.Op{{File: f, P: make([]byte, 4)}, {File: f, P: make([]byte, 4)}, {File: f, P: make([]byte, 4)}}
		ctx, cancel := context.WithCancel(context.Background())
		start := time.Now()
		done := during(func() int { k.Batch(ctx, ops); return 0 })
		var tags, flushes []uint16
		for range ops {
			tags = append(tags, s.receive(wire.Tread).Tag())
		}
		cancel()
		for i := range ops {
			m := s.receive(wire.Tflush)
			assert.EqualValues(t, tags[i], m.Field("oldtag").Uint())
			flushes = append(flushes, m.Tag())
		}
		s.reply(wire.Rread, tags[1], 1, 0, 0, 0, 9)
		s.reply(wire.Rflush, flushes[2])
		<-done
		assert.ErrorIs(t, ops[0].Err, client.ErrNoAnswer)
		assert.NoError(t, ops[1].Err)
		assert.Equal(t, 1, ops[1].N)
		assert.ErrorIs(t, ops[2].Err, context.Canceled)
		assert.NotErrorIs(t, ops[2].Err, client.ErrNoAnswer)
		assert.Less(t, time.Since(start), 3*time.Second, "one wait for all")
	})
}

// TestAnotherCallerReadsWhenTheReaderLeaves interrupts the caller that reads for both.
func TestAnotherCallerReadsWhenTheReaderLeaves(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		root, f := s.file(k)
		ctx, cancel := context.WithCancel(context.Background())
		first := during(func() result { return reading(f, nil)(ctx) })
		s.receive(wire.Tread)
		second := during(func() error {
			_, err := root.Walk(context.Background(), "f")
			return err
		})
		walk := s.receive(wire.Twalk)
		cancel()
		s.receive(wire.Tflush)
		assert.ErrorIs(t, (<-first).err, client.ErrNoAnswer)
		s.reply(wire.Rwalk, walk.Tag(), ok(wire.Twalk)...)
		assert.NoError(t, <-second)
	})
}

// TestServerThatReadsNothing fills the socket's buffers with requests until callers give
// up. When the server reads again it gets whole messages.
func TestServerThatReadsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		root, f := s.file(k)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		ops := make([]client.Op, 500)
		for i := range ops {
			ops[i] = client.Op{File: f, Write: true, P: make([]byte, 8000)}
		}
		k.Batch(ctx, ops)
		for i := range ops {
			require.ErrorIs(t, ops[i].Err, client.ErrNoAnswer)
			require.ErrorIs(t, ops[i].Err, context.DeadlineExceeded)
		}
		walked := during(func() error {
			_, err := root.Walk(context.Background(), "f")
			return err
		})
		for range ops {
			s.receive(wire.Twrite)
		}
		for range ops {
			s.receive(wire.Tflush)
		}
		s.reply(wire.Rwalk, s.receive(wire.Twalk).Tag(), ok(wire.Twalk)...)
		assert.NoError(t, <-walked)
	})
}

func TestServerThatNeverAnswersEndsTheConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		_, f := s.file(k)
		ctx, cancel := context.WithCancel(context.Background())
		ops := make([]client.Op, 5000)
		for i := range ops {
			ops[i] = client.Op{File: f}
		}
		done := during(func() int { k.Batch(ctx, ops); return 0 })
		for range ops {
			s.receive(wire.Tread)
		}
		cancel()
		<-done
		assert.ErrorIs(t, ops[0].Err, client.ErrNoAnswer)
		assert.ErrorIs(t, ops[len(ops)-1].Err, client.ErrEnded)
		_, err := k.AttachSelf(context.Background())
		assert.ErrorIs(t, err, client.ErrEnded)
	})
}

// TestInterruptedReadsLoseNothing asserts that an interrupted read returns the value or
// leaves it in the deque.
func TestInterruptedReadsLoseNothing(t *testing.T) {
	onEveryWay(t, func(t *testing.T, k *client.Conn, srv *p9srv.Server) {
		root := attach(t, k)
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				f, err := root.OpenFile(context.Background(), syscall.O_RDWR, "each", "full_ex")
				assert.NoError(t, err)
				_, err = f.WriteAt(context.Background(), []byte{1}, 0)
				assert.NoError(t, err)
				for i := range byte(200) {
					value, p := []byte{i, 0, 0, 0}, make([]byte, 4)
					_, err := f.WriteAt(context.Background(), value, 0)
					assert.NoError(t, err)
					ctx, cancel := context.WithCancel(context.Background())
					go cancel()
					got := reading(f, p)(ctx)
					if errors.Is(got.err, context.Canceled) {
						got = reading(f, p)(context.Background())
					}
					assert.Equal(t, result{4, nil}, got)
					assert.Equal(t, value, p)
				}
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				_ = f.Close(ctx) // does not wait
			})
		}
		callers.Wait()
		_, _, err := root.Attr(context.Background()) // after all Tclunks
		require.NoError(t, err)
		assert.Zero(t, srv.Kernel.Sessions())
	})
}

// TestServerThatAnswersLateKeepsTheConnection gives up more requests in all than the server
// may leave without an answer. Each counts only until it is answered, with or without a reply
// before Rflush. Then its tags are used again.
func TestServerThatAnswersLateKeepsTheConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		root, f := s.file(k)
		tags := map[uint16]bool{}
		const batch, rounds = 2000, 4 // more in all than may be without an answer
		for round := range rounds {
			ctx, cancel := context.WithCancel(context.Background())
			ops := make([]client.Op, batch)
			for i := range ops {
				ops[i] = client.Op{File: f}
			}
			done := during(func() int { k.Batch(ctx, ops); return 0 })
			var late []wire.Frame
			for range ops {
				late = append(late, s.receive(wire.Tread))
			}
			cancel()
			for range ops {
				late = append(late, s.receive(wire.Tflush))
			}
			<-done
			require.ErrorIs(t, ops[batch-1].Err, client.ErrNoAnswer)
			walked := during(func() *client.File { // reads the late answers
				f, err := root.Walk(context.Background(), "f")
				assert.NoError(t, err)
				return f
			})
			walk := s.receive(wire.Twalk)
			for i, m := range late {
				tags[m.Tag()] = true
				switch {
				case m.Type() == wire.Tflush:
					s.reply(wire.Rflush, m.Tag())
				case i%2 == round%2:
					s.reply(wire.Rread, m.Tag(), 0, 0, 0, 0)
				}
			}
			s.reply(wire.Rwalk, walk.Tag(), ok(wire.Twalk)...)
			f = <-walked
		}
		assert.Less(t, len(tags), 3*batch, "the tags are used again")
	})
}
