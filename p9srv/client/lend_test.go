package client_test

import (
	"io"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

func TestLentConnectionCarriesOtherMessages(t *testing.T) {
	srv := &p9srv.Server{}
	socket := dial(t, srv, "unix")
	k := over(t, socket)
	f, err := attach(t, k).OpenFile(t.Context(), syscall.O_RDWR, "full_ex")
	require.NoError(t, err)
	for range 2 {
		conn, err := k.Lend()
		require.NoError(t, err)
		assert.Same(t, socket, conn)
		_, err = conn.Write(wire.AppendRead(nil, 9, f.FID(), 0, 4))
		require.NoError(t, err)
		reply := make(wire.Frame, wire.RlerrorSize)
		_, err = io.ReadFull(conn, reply)
		require.NoError(t, err)
		assert.Equal(t, wire.Rlerror, reply.Type())
		assert.EqualValues(t, 9, reply.Tag())
		assert.NoError(t, f.Sync(t.Context()), "the client can be used again")
	}
	require.NoError(t, f.Close(t.Context()))
	require.NoError(t, k.Close())
	_, err = k.Lend()
	assert.ErrorIs(t, err, client.ErrEnded)
}

func TestConnectionInUseIsNotLent(t *testing.T) {
	k := ways["memory"](t, &p9srv.Server{})
	_, err := k.Lend()
	assert.EqualError(t, err, "lend the connection: it is in memory")

	here, there := pair(t)
	s := &played{t, there}
	agreed := during(func() *client.Conn { return over(t, here) })
	s.agree()
	k = <-agreed
	done := during(func() error { _, err := k.Attach(t.Context(), 0, ""); return err })
	m := s.receive(wire.Tattach)
	_, err = k.Lend()
	assert.EqualError(t, err, "lend the connection: calls are under way")
	s.reply(wire.Rlerror, m.Tag(), u32(uint32(syscall.EPERM))...)
	assert.ErrorIs(t, <-done, syscall.EPERM)
	_, err = k.Lend()
	assert.NoError(t, err)
	require.NoError(t, k.Close())

}

func TestMsizeIsAskedFor(t *testing.T) {
	for asked, want := range map[uint32]int{4096: 4096 - wire.IOHeadSize, 1 << 20: 65_536 - wire.IOHeadSize} {
		k, err := client.NewSize(t.Context(), dial(t, &p9srv.Server{}, "unix"), asked)
		require.NoError(t, err)
		assert.Equal(t, want, k.Unit())
		require.NoError(t, k.Close())
	}
}

func TestReplyErrorSaysWhetherAMessageFits(t *testing.T) {
	written := wire.End(append(wire.Begin(nil, wire.Rwrite, 1), 4, 0, 0, 0), 0)
	assert.NoError(t, client.ReplyError(written, wire.Twrite))
	assert.EqualError(t, client.ReplyError(written, wire.Tread), "a reply does not fit its request: Rwrite to Tread")
	assert.ErrorContains(t, client.ReplyError(written[:wire.HeadSize], wire.Twrite), "does not fit")
	assert.Equal(t, syscall.EACCES, client.ReplyError(wire.AppendError(nil, 1, 13), wire.Twrite))
}
