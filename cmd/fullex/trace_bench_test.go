package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fullex/tests/bench/load"
)

// loadConn opens a session whose deque is full enough for depth requests.
func loadConn(t testing.TB, socket string, depth int) *load.Conn {
	t.Helper()
	c, err := load.Dial(socket, 8192, "", uint32(os.Geteuid()))
	require.NoError(t, err)
	c.Walk(0, 1, "each", "full_ex")
	c.Open(1)
	c.Write(1, 100)
	require.NoError(t, c.Flush())
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return load.NewConn(c.Conn, load.Values, 1, depth, 2, load.Replies{AnyValue: true})
}

// BenchmarkTrace has what a client gets through the proxy beside what it gets
// without, by turns, all in processes of their own. Lines go to a file.
func BenchmarkTrace(b *testing.B) {
	dir := b.TempDir()
	direct := filepath.Join(dir, "s")
	end := startCommand(b, nil, "serve", "--listen", "unix:"+direct, "--log-level", "error")
	defer end(syscall.SIGTERM)
	for name, flags := range map[string][]string{
		"text": {}, "json": {"--format", "json"}, "oracle": {"--oracle", filepath.Join(dir, "record")},
	} {
		traced := filepath.Join(dir, name)
		out, err := os.Create(filepath.Join(dir, name+".out"))
		require.NoError(b, err)
		args := append([]string{"trace", "--listen", "unix:" + traced}, flags...)
		end := startCommand(b, out, append(args, "unix:"+direct)...)
		for _, depth := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/depth=%d", name, depth), func(b *testing.B) { compareRates(b, direct, traced, depth) })
		}
		end(syscall.SIGTERM)
		require.NoError(b, out.Close())
		require.NoError(b, os.Remove(out.Name()))
	}
}

// compareRates reports the medians of b.N turns, at least 21.
func compareRates(b *testing.B, direct, traced string, depth int) {
	const turn = 100 * time.Millisecond
	conns := [2][]*load.Conn{{loadConn(b, direct, depth)}, {loadConn(b, traced, depth)}}
	var rates [2][]float64
	for range max(b.N, 21) {
		for i := range conns {
			r, err := load.Run(conns[i], turn)
			require.NoError(b, err)
			rates[i] = append(rates[i], r.Rate())
		}
	}
	for i := range rates {
		slices.Sort(rates[i])
	}
	middle := len(rates[0]) / 2
	b.ReportMetric(rates[0][middle], "direct_op/s")
	b.ReportMetric(rates[1][middle], "traced_op/s")
	b.ReportMetric(rates[1][middle]/rates[0][middle], "ratio")
	b.ReportMetric(0, "ns/op")
}
