package device

import (
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneOfManyConcurrentOpensOfAClientWins(t *testing.T) {
	d := loadedFullEx()
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, err := d.Open("full_ex", clientOf(Identity{UID: 7})); err == nil {
				won.Add(1)
			} else {
				assert.Equal(t, syscall.EACCES, err)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, won.Load())
}

func TestThreadsOfOneSessionReadEachValueOnce(t *testing.T) {
	const threads, each = 8, 10
	s := open(t, loadedFullEx(), Identity{})
	write(t, s, []byte{threads * each})
	var wg sync.WaitGroup
	for thread := range threads {
		wg.Go(func() {
			for i := range each {
				write(t, s, value(int32(thread*each+i)))
			}
		})
	}
	wg.Wait()

	var mu sync.Mutex
	seen := make(map[byte]int)
	for range threads {
		wg.Go(func() {
			for range each {
				p := make([]byte, 64)
				n, err := s.Read(p)
				assert.NoError(t, err)
				assert.Equal(t, ValueSize, n)
				mu.Lock()
				seen[p[0]]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Len(t, seen, threads*each)
	_, err := s.Read(make([]byte, 4))
	assert.Equal(t, syscall.EACCES, err)
}

func TestCloseUnloadAndWriteMayRunAtTheSameTime(t *testing.T) {
	for range 200 {
		d := loadedFullEx()
		var sessions []*Session
		for i := range 4 {
			sessions = append(sessions, open(t, d, Identity{UID: uint32(i)}))
		}
		var wg sync.WaitGroup
		for _, s := range sessions {
			wg.Go(func() { assert.NoError(t, s.Close()) })
			wg.Go(func() { assert.NoError(t, s.Close()) })
			wg.Go(func() { _, _ = s.Write([]byte{9}) })
		}
		wg.Go(func() { assert.NoError(t, d.Unload("full_ex")) })
		wg.Wait()
		assert.Zero(t, d.Sessions())
		for _, s := range sessions {
			values, capacity := s.Values()
			assert.Empty(t, values)
			assert.Zero(t, capacity, "the session has no deque any more")
		}
		require.NoError(t, d.Load("full_ex"))
	}
}

func TestReadAndWriteDoNotAllocate(t *testing.T) {
	s := open(t, loadedFullEx(), Identity{})
	write(t, s, []byte{100})
	in, out := value(3), make([]byte, 4)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		_, _ = s.Write(in)
		_, _ = s.Read(out)
	}))
}

func BenchmarkWriteRead(b *testing.B) {
	s, err := loadedFullEx().Open("full_ex", clientOf(Identity{}))
	require.NoError(b, err)
	_, _ = s.Write([]byte{100})
	in, out := value(3), make([]byte, 4)
	for b.Loop() {
		_, _ = s.Write(in)
		_, _ = s.Read(out)
	}
}

// BenchmarkOpenClose shows that an open and a close take the same time with 10 and
// with 100,000 other sessions open.
func BenchmarkOpenClose(b *testing.B) {
	for name, others := range map[string]int{"10 others": 10, "100000 others": 100_000} {
		b.Run(name, func(b *testing.B) {
			d := loadedFullEx()
			for i := range others {
				_, err := d.Open("full_ex", clientOf(Identity{Peer: "other", UID: uint32(i)}))
				require.NoError(b, err)
			}
			for b.Loop() {
				s, _ := d.Open("full_ex", clientOf(Identity{Peer: "one"}))
				_ = s.Close()
			}
		})
	}
}
