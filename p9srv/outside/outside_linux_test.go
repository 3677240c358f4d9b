package outside

import (
	"io"
	"net"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlaceAdmitsOneAndNeedsAnotherProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var p Place
	require.True(t, p.Take())
	assert.False(t, p.Take())
	assert.True(t, p.Taken())
	p.Leave()
	assert.True(t, p.Take())
	p.Leave()
	runtime.GOMAXPROCS(1)
	assert.False(t, p.Take(), "the other goroutines need a processor")
}

func TestMeterReportsAConnectionThatIsBusyAlone(t *testing.T) {
	var p Place
	timesToLeave := func(m *Meter) (times int) {
		for range 4 * busyWaits {
			if m.Inside(&p) {
				times++
			}
		}
		return times
	}
	alone := Meter{since: time.Now()}
	assert.Positive(t, timesToLeave(&alone))
	slow := Meter{since: time.Now().Add(-time.Minute)}
	for range busyWaits {
		assert.False(t, slow.Inside(&p), "its waits were long")
	}
	one, other := Meter{since: time.Now()}, Meter{since: time.Now()}
	for range 4 * busyWaits {
		assert.False(t, one.Inside(&p))
		assert.False(t, other.Inside(&p), "both are busy")
	}
	outside := Meter{since: time.Now()}
	p.waits.Add(busyWaits)
	stays := true
	for range busyWaits {
		stays = stays && outside.Outside(&p)
	}
	assert.False(t, stays, "others are busy in the poller")
}

// pair returns both ends of a connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	client, err = net.Dial("unix", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	return client, server
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	client, server := pair(t)
	c, err := NewConn(client)
	require.NoError(t, err)
	_, err = server.Write([]byte{1})
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.NoError(t, err)
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	require.NoError(t, c.Close())
	assert.Error(t, <-read)
	_, err = io.ReadAll(server)
	require.NoError(t, err, "the peer sees the end")
	require.NoError(t, server.Close())
}

func TestDescriptorWaitsForDataAndForTheEnd(t *testing.T) {
	client, server := pair(t)
	d, err := Duplicate(client.(*net.UnixConn))
	require.NoError(t, err)
	came, err := d.Wait(time.Millisecond)
	require.NoError(t, err)
	assert.False(t, came)
	_, err = server.Write([]byte{1})
	require.NoError(t, err)
	came, err = d.Wait(-1)
	require.NoError(t, err)
	assert.True(t, came)
	ended := make(chan error, 1)
	go func() { ended <- d.WaitForEnd() }()
	require.NoError(t, server.Close())
	assert.NoError(t, <-ended)
	require.NoError(t, d.ShutDown())
	require.NoError(t, d.Close())
	require.NoError(t, client.Close())
}

func TestReadAndWriteReturnWhenTheirPatienceEnds(t *testing.T) {
	client, server := pair(t)
	c, err := NewConn(client)
	require.NoError(t, err)
	require.NoError(t, c.(interface{ SetPatience(time.Duration) error }).SetPatience(time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.EAGAIN)
	n, err := c.Write(make([]byte, 16<<20)) // more than a socket takes
	assert.ErrorIs(t, err, syscall.EAGAIN)
	got := make(chan []byte, 1)
	go func() {
		p, _ := io.ReadAll(server)
		got <- p
	}()
	require.NoError(t, c.Close())
	assert.Len(t, <-got, n, "the write returned how much it wrote")
	require.NoError(t, server.Close())
}
