package load_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
	"fullex/p9srv/client/load"
)

// opener returns a function that opens a new device each time.
func opener() func() (io.ReadWriteCloser, error) {
	return func() (io.ReadWriteCloser, error) { return new(contract.Device).Open() }
}

func TestCallsAreMadeAndRight(t *testing.T) {
	for _, rate := range []float64{0, 2000} {
		seen := new(counts)
		var callers []load.Worker
		for range 3 {
			c, err := load.NewCaller(opener(), load.Config{Fill: load.Half, Mix: load.Mix{5, 4, 1}, Recorder: seen})
			require.NoError(t, err)
			callers = append(callers, c)
		}
		var ops int64
		for range 2 {
			r := run(t, load.Options{Length: short, Rate: rate}, callers...)
			assert.Positive(t, r.Ops)
			if rate > 0 {
				assert.EqualValues(t, rate*short.Seconds(), r.Ops+r.Missed)
			}
			ops += r.Ops
		}
		assert.Equal(t, ops, seen.total())
		require.NoError(t, load.Close(callers))
	}
}

func TestOpensThatAreRefusedAreCounted(t *testing.T) {
	device, seen := new(contract.Device), new(counts)
	c, err := load.NewCaller(device.Open, load.Config{Mix: load.Mix{0, 0, 1}, Recorder: seen})
	require.NoError(t, err)
	run(t, load.Options{Length: time.Minute, Each: 10}, c)
	assert.EqualValues(t, 10, seen.refused[load.Open])
	_, err = load.NewCaller(device.Open, load.Config{})
	assert.ErrorIs(t, err, syscall.EACCES)
	require.NoError(t, c.Close())
	assert.False(t, device.IsOpen)
}

// wrong is a file with functions in place of some of its calls.
type wrong struct {
	io.ReadWriteCloser
	read  func([]byte) (int, error)
	write func([]byte) (int, error)
	close func() error
}

func (w wrong) Read(p []byte) (int, error) {
	if w.read != nil {
		return w.read(p)
	}
	return w.ReadWriteCloser.Read(p)
}

func (w wrong) Write(p []byte) (int, error) {
	if w.write != nil {
		return w.write(p)
	}
	return w.ReadWriteCloser.Write(p)
}

func (w wrong) Close() error {
	if w.close != nil {
		return w.close()
	}
	return w.ReadWriteCloser.Close()
}

func TestWrongCallsAreFound(t *testing.T) {
	failed := errors.New("failed")
	for want, test := range map[string]struct {
		file wrong
		mix  load.Mix
	}{
		"read: 0 bytes instead of 4":       {wrong{read: func([]byte) (int, error) { return 0, nil }}, load.Mix{}},
		"read: 1684234849 came instead of": {wrong{read: func(p []byte) (int, error) { return copy(p, "abcd"), nil }}, load.Mix{}},
		"read: failed":                     {wrong{read: func([]byte) (int, error) { return 0, failed }}, load.Mix{}},
		"open: failed":                     {wrong{close: func() error { return failed }}, load.Mix{0, 0, 1}},
	} {
		open := func() (io.ReadWriteCloser, error) {
			file := test.file
			file.ReadWriteCloser = &contract.Device{IsOpen: true}
			return file, nil
		}
		c, err := load.NewCaller(open, load.Config{Fill: load.Half, Mix: test.mix})
		require.NoError(t, err)
		_, err = load.Run(t.Context(), []load.Worker{c}, load.Options{Length: time.Minute})
		assert.ErrorContains(t, err, want)
		test.file.close = nil
		_ = c.Close() // fails in one of the cases
	}
	for want, write := range map[string]func([]byte) (int, error){
		"set the capacity: failed":                    func(p []byte) (int, error) { return 0, failed },
		"fill the deque: write: 1 bytes instead of 4": func(p []byte) (int, error) { return 1, nil },
	} {
		_, err := load.NewCaller(func() (io.ReadWriteCloser, error) {
			return wrong{ReadWriteCloser: &contract.Device{IsOpen: true}, write: write}, nil
		}, load.Config{Fill: 1})
		assert.EqualError(t, err, want)
	}
	other := func([]byte) (int, error) { return 4, nil }
	c, err := load.NewCaller(func() (io.ReadWriteCloser, error) {
		return wrong{ReadWriteCloser: new(contract.Device), write: other, read: other}, nil
	}, load.Config{Fill: load.Half, Check: load.Counts})
	require.NoError(t, err)
	run(t, load.Options{Length: time.Minute, Each: 10}, c)
	require.NoError(t, c.Close())
}

func TestRunDoesNotWaitForACallThatHangs(t *testing.T) {
	hangs := make(chan struct{})
	var ended sync.WaitGroup
	ended.Add(1)
	c, err := load.NewCaller(func() (io.ReadWriteCloser, error) {
		return wrong{ReadWriteCloser: &contract.Device{IsOpen: true}, read: func([]byte) (int, error) {
			defer ended.Done()
			<-hangs
			return 0, syscall.EIO
		}}, nil
	}, load.Config{Fill: 1})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	_, err = load.Run(ctx, []load.Worker{c}, load.Options{Length: time.Minute})
	assert.EqualError(t, err, "no reply for 1s")
	require.NoError(t, c.Close())
	close(hangs)
	ended.Wait()
}
