//go:build linux

package tests

import (
	"maps"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestClientsUnderAttackKeepTheirRate measures the rate of four clients while a process
// attacks the server. It compares it with the rate at an echo server under the same attack.
func TestClientsUnderAttackKeepTheirRate(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	dir := t.TempDir()
	sockets := map[string]string{"fullex": filepath.Join(dir, "fullex"), "echo": filepath.Join(dir, "echo")}
	server := startServer(t, "fullex", sockets["fullex"])
	startServer(t, "echo", sockets["echo"])
	for _, name := range append(slices.Sorted(maps.Keys(attacks)), slices.Sorted(maps.Keys(floods))...) {
		t.Run(name, func(t *testing.T) {
			const rounds = 7
			var ratios []float64
			for range rounds {
				ours := rateUnder(t, name, sockets["fullex"])
				theirs := rateUnder(t, name, sockets["echo"])
				ratios = append(ratios, ours/theirs)
			}
			slices.Sort(ratios)
			t.Logf("rate under attack, as a fraction of the echo server's: median %.2f, from %.2f to %.2f",
				ratios[rounds/2], ratios[0], ratios[rounds-1])
			assert.GreaterOrEqual(t, ratios[rounds/2], 0.5)
		})
	}
	assertCalm(t, server)
}

// rateUnder returns the operations per second of four clients together during an attack.
func rateUnder(t *testing.T, name, socket string) float64 {
	t.Helper()
	attacker := startAttack(t, name, socket)
	defer attacker.kill()
	const clients, span = 4, 250 * time.Millisecond
	counts := make(chan int, clients)
	begin := make(chan struct{})
	for range clients {
		c := dial(t, &net.UnixAddr{Name: socket, Net: "unix"})
		defer func() { _ = c.Close() }()
		startClient(t, c)
		go func() {
			<-begin
			counts <- operate(c, span)
		}()
	}
	close(begin)
	total := 0
	for range clients {
		total += <-counts
	}
	return float64(total) / span.Seconds()
}

// startClient opens a device and sets its capacity. It does not check the replies, because an
// echo server sends the same reply to every request.
func startClient(t *testing.T, c net.Conn) {
	t.Helper()
	for _, request := range [][]byte{
		message(100, 0xffff, u32(65536), text("9P2000.L")),
		message(104, 1, u32(0), u32(0xffffffff), text(""), text("each"), u32(0)),
		message(110, 1, u32(0), u32(1), []byte{1, 0}, text("full_ex")),
		message(12, 1, u32(1), u32(2)),
		message(118, 1, u32(1), u64(0), u32(1), []byte{1}),
	} {
		_, err := c.Write(request)
		require.NoError(t, err)
		readFrame(t, c)
	}
}

// operate returns the number of round trips within a time, or 0 if the connection breaks.
func operate(c net.Conn, d time.Duration) int {
	write := message(118, 0, u32(1), u64(0), u32(4), value(2))
	read := message(116, 1, u32(1), u64(0), u32(4))
	n := 0
	for deadline := time.Now().Add(d); time.Now().Before(deadline); n++ {
		request := write
		if n%2 == 1 {
			request = read
		}
		if _, err := c.Write(request); err != nil {
			return 0
		}
		if err := skipFrames(c, 1); err != nil {
			return 0
		}
	}
	return n
}

// TestAttacksAreBounded runs each attack for a while. Meanwhile the server serves others and
// uses bounded memory. Afterwards nothing of the attack is left.
func TestAttacksAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const limit = 200 << 20 // bytes; 1,000 connections with a buffer each take 64 MiB
	const goroutines = 4000 // 1,000 connections with three goroutines each
	for name := range attacks {
		t.Run(name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "s")
			server := startServer(t, "fullex", socket)
			attacker := startAttack(t, name, socket)
			addr := &net.UnixAddr{Name: socket, Net: "unix"}
			var most, peak int
			for deadline := time.Now().Add(4 * time.Second); time.Now().Before(deadline); {
				c := dial(t, addr)
				write(t, mustOpen(t, attachOn(t, c, "/each"), "full_ex"), []byte{1})
				require.NoError(t, c.Close())
				running, _, rss := server.state(t)
				most, peak = max(most, running), rss
			}
			attacker.kill()
			t.Logf("at most %d MiB resident, %d goroutines seen", peak>>20, most)
			assert.Less(t, peak, limit)
			assert.Less(t, most, goroutines)
			assertCalm(t, server)
		})
	}
}

// assertCalm waits until a server has few goroutines and no sessions.
func assertCalm(t *testing.T, server *process) {
	t.Helper()
	const few = 20
	eventually(t, "few goroutines and no sessions", func() bool {
		goroutines, sessions, _ := server.state(t)
		return goroutines < few && sessions == 0
	})
}
