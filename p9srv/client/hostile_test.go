package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

func TestServerThatBreaksTheProtocolEndsTheConnection(t *testing.T) {
	for name, reply := range map[string]func(tag uint16) []byte{
		"other tag":    func(tag uint16) []byte { return wire.AppendEmpty(nil, wire.Rclunk, tag+7) },
		"no tag":       func(uint16) []byte { return wire.AppendEmpty(nil, wire.Rclunk, wire.NoTag) },
		"short":        func(uint16) []byte { return []byte{6, 0, 0, 0, 1, 1} },
		"size 0":       func(uint16) []byte { return []byte{0, 0, 0, 0} },
		"oversized":    func(uint16) []byte { return []byte{1, 32, 0, 0} },
		"huge":         func(uint16) []byte { return []byte{255, 255, 255, 255} },
		"other type":   func(tag uint16) []byte { return wire.AppendEmpty(nil, wire.Rclunk, tag) },
		"a request":    func(tag uint16) []byte { return wire.AppendRead(nil, tag, 0, 0, 0) },
		"unknown type": func(tag uint16) []byte { return wire.AppendEmpty(nil, 255, tag) },
		"cut body":     func(tag uint16) []byte { return wire.AppendEmpty(nil, wire.Rread, tag) },
		"wrong count":  func(tag uint16) []byte { return wire.End(append(wire.Begin(nil, wire.Rread, tag), 9, 0, 0, 0, 1), 0) },
		"twice": func(tag uint16) []byte {
			m := wire.End(append(wire.Begin(nil, wire.Rread, tag), 0, 0, 0, 0), 0)
			return append(m, m...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
				_, f := s.file(k)
				done := during(func() result { return reading(f, make([]byte, 4))(context.Background()) })
				_, err := s.conn.Write(reply(s.receive(wire.Tread).Tag()))
				require.NoError(t, err)
				if got := <-done; name != "twice" {
					assert.ErrorIs(t, got.err, client.ErrEnded)
				}
				_, err = k.AttachSelf(context.Background())
				assert.ErrorIs(t, err, client.ErrEnded)
				_, err = io.Copy(io.Discard, s.conn)
				assert.NoError(t, err, "the client has closed the connection")
			})
		})
	}
}

// TestBadReplyBodyIsAnErrorOfItsCallOnly sends replies of the right type, with more or
// other fields than the request asked for.
func TestBadReplyBodyIsAnErrorOfItsCallOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		root, f := s.file(k)
		for _, call := range []struct {
			typ  wire.Type
			body []byte
			make func() error
		}{
			{wire.Tread, []byte{5, 0, 0, 0, 1, 2, 3, 4, 5}, func() error { return reading(f, make([]byte, 4))(context.Background()).err }},
			{wire.Twrite, []byte{255, 255, 255, 255}, func() error { _, err := f.WriteAt(context.Background(), []byte{1}, 0); return err }},
			{wire.Tgetattr, make([]byte, 8+wire.QIDSize+3*4), func() error { _, _, err := f.Attr(context.Background()); return err }},
			{wire.Treaddir, []byte{1, 0, 0, 0, 1}, func() error { _, err := f.ReadDir(context.Background()); return err }},
			{wire.Treaddir, append(append(u32(wire.DirentHead), make([]byte, wire.DirentHead-2)...), 1, 0), func() error { _, err := f.ReadDir(context.Background()); return err }},
			{wire.Twalk, append([]byte{2, 0}, make([]byte, 2*wire.QIDSize)...), func() error { _, err := root.Walk(context.Background(), "f"); return err }},
		} {
			done := during(call.make)
			s.reply(call.typ+1, s.receive(call.typ).Tag(), call.body...)
			err := <-done
			assert.Error(t, err, call.typ)
			if call.typ == wire.Twalk {
				s.reply(wire.Rclunk, s.receive(wire.Tclunk).Tag())
			}
			var errno syscall.Errno
			assert.False(t, errors.As(err, &errno), "%v", err)
		}
		for _, errno := range []uint32{0, 512, 1 << 31} {
			done := during(func() error { return f.Open(context.Background(), 0) })
			s.reply(wire.Rlerror, s.receive(wire.Tlopen).Tag(), u32(errno)...)
			assert.ErrorIs(t, <-done, syscall.EIO, errno)
		}
	})
}

func TestVersionsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		msize   uint32
		version string
		want    string
	}{
		"unknown":  {8192, "unknown", `agree on 9P2000.L: the server answers "unknown"`},
		"other":    {8192, "9P2000", `agree on 9P2000.L: the server answers "9P2000"`},
		"too much": {1 << 20, "9P2000.L", "agree on 9P2000.L: the server wants messages of 1048576 bytes, want 4096 to 65536"},
		"too few":  {24, "9P2000.L", "agree on 9P2000.L: the server wants messages of 24 bytes, want 4096 to 65536"},
	} {
		here, there := pair(t)
		s := &played{t, there}
		done := during(func() error { _, err := client.New(context.Background(), here); return err })
		m := s.receive(wire.Tversion)
		_, err := there.Write(wire.AppendVersion(nil, wire.Rversion, m.Tag(), c.msize, c.version))
		require.NoError(t, err)
		assert.EqualError(t, <-done, c.want, name)
		require.NoError(t, there.Close())
	}
	here, there := pair(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := during(func() error { _, err := client.New(ctx, here); return err })
	(&played{t, there}).receive(wire.Tversion)
	cancel()
	assert.EqualError(t, <-done, "agree on 9P2000.L: no answer, is that a 9P server? context canceled")
	require.NoError(t, there.Close())
}

// TestAttachSelfNamesNoUserIfRootIsRefused plays a server outside of a user namespace, which
// knows its root by another number.
func TestAttachSelfNamesNoUserIfRootIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
		done := during(func() error { _, err := k.AttachSelf(context.Background()); return err })
		m := s.receive(wire.Tattach)
		if syscall.Geteuid() == 0 {
			assert.Zero(t, m.Field("n_uname").Uint())
			s.reply(wire.Rlerror, m.Tag(), u32(uint32(syscall.EPERM))...)
			m = s.receive(wire.Tattach)
		}
		assert.EqualValues(t, wire.NoUID, m.Field("n_uname").Uint())
		s.reply(wire.Rattach, m.Tag(), ok(wire.Tattach)...)
		assert.NoError(t, <-done)
	})
}

// TestServerThatHangsWithinAReply sends the rest of a reply after its caller has left.
func TestServerThatHangsWithinAReply(t *testing.T) {
	reply := wire.End(append(wire.Begin(nil, wire.Rread, 0), 1, 0, 0, 0, 7), 0)
	for cut := 1; cut < len(reply); cut += 5 {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *played, k *client.Conn) {
				root, f := s.file(k)
				ctx, cancel := context.WithCancel(context.Background())
				done := during(func() result { return reading(f, make([]byte, 4))(ctx) })
				late := slices.Clone(reply)
				late[5] = byte(s.receive(wire.Tread).Tag())
				_, err := s.conn.Write(late[:cut])
				require.NoError(t, err)
				cancel()
				s.receive(wire.Tflush)
				assert.ErrorIs(t, (<-done).err, client.ErrNoAnswer)
				walked := during(func() error { _, err := root.Walk(context.Background(), "f"); return err })
				m := s.receive(wire.Twalk)
				_, err = s.conn.Write(late[cut:])
				require.NoError(t, err)
				s.reply(wire.Rwalk, m.Tag(), ok(wire.Twalk)...)
				assert.NoError(t, <-walked)
			})
		})
	}
}

// FuzzReplies answers requests with random bytes and then ends the connection. Every call
// must end, and no goroutine may be left.
func FuzzReplies(f *testing.F) {
	version := wire.AppendVersion(nil, wire.Rversion, wire.NoTag, 8<<10, wire.Version9P2000L)
	attached := wire.End(append(wire.Begin(version, wire.Rattach, 0), make([]byte, wire.QIDSize)...), len(version))
	for _, rest := range [][]byte{nil, {7, 0, 0, 0, 7, 0, 0}, wire.AppendError(nil, 0, 13), {255, 255, 0, 0, 7, 0, 0}} {
		f.Add(append(attached[:len(attached):len(attached)], rest...))
	}
	f.Fuzz(func(t *testing.T, replies []byte) {
		here, there := pair(t)
		server := during(func() error {
			_, err := there.Write(replies)
			return errors.Join(err, there.Close())
		})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if k, err := client.New(ctx, here); err == nil {
			useAll(ctx, k)
			require.NoError(t, k.Close())
		}
		<-server // an error if the client has ended the connection first
		require.NoError(t, ctx.Err(), "the client ends when the server does")
		noneOfOurs(t)
	})
}

// useAll makes each call. The results do not matter.
func useAll(ctx context.Context, k *client.Conn) {
	root, err := k.AttachSelf(ctx)
	if err != nil {
		return
	}
	_, _, _ = root.Attr(ctx)
	_, _ = root.ReadDir(ctx)
	p := make([]byte, 4)
	if f, err := root.OpenFile(ctx, 2, "full_ex"); err == nil {
		_, _ = f.ReadAt(ctx, p, 0)
		_, _ = f.WriteAt(ctx, p, 0)
		k.Batch(ctx, []client.Op{{File: f, P: p}, {File: f, Write: true, P: p}})
		_ = f.Close(ctx)
	}
	_ = root.Close(ctx)
}
