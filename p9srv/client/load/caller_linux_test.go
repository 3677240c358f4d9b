package load_test

import (
	"io"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
	"fullex/p9srv/client/load"
)

func TestAllCallsAreMadeByOneThread(t *testing.T) {
	var mu sync.Mutex
	threads := make(map[int]bool)
	open := func() (io.ReadWriteCloser, error) {
		mu.Lock()
		defer mu.Unlock()
		threads[syscall.Gettid()] = true
		return new(contract.Device).Open()
	}
	c, err := load.NewCaller(open, load.Config{Mix: load.Mix{0, 0, 1}})
	require.NoError(t, err)
	for range 3 {
		run(t, load.Options{Length: time.Minute, Each: 10}, c)
		runtime.Gosched()
	}
	require.NoError(t, c.Close())
	assert.Len(t, threads, 1)
}
