package tests

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/client"
	"fullex/p9srv/client/load"
	"fullex/p9srv/endpoint"
)

// upgrades is how many upgrades a test makes.
func upgrades(short, long int) int {
	if os.Getenv("FULLEX_LONG") == "1" {
		return long
	}
	return short
}

// busy is what keeps a server busy until end. Whatever fails of it fails the test.
type busy struct {
	t       testing.TB
	over    atomic.Bool
	working sync.WaitGroup
	ops     atomic.Int64 // pushes, pops and opens that were right
	runs    atomic.Int64 // commands that ended well
}

// load lets workers work together.
func (b *busy) load(workers ...load.Worker) {
	b.working.Go(func() {
		for !b.over.Load() {
			done, err := load.Run(context.Background(), workers, load.Options{Length: 200 * time.Millisecond})
			b.ops.Add(done.Ops)
			if !assert.NoError(b.t, err) {
				return
			}
		}
		assert.NoError(b.t, load.Close(workers))
	})
}

// repeat runs a command again and again, with the arguments that next returns.
func (b *busy) repeat(command string, next func() (args []string)) {
	b.working.Go(func() {
		for !b.over.Load() {
			args := next()
			out, err := exec.Command(command, args...).CombinedOutput()
			if !assert.NoError(b.t, err, "%q: %s", args, out) {
				return
			}
			b.runs.Add(1)
		}
	})
}

// do calls a function again and again.
func (b *busy) do(f func() error) {
	b.working.Go(func() {
		for !b.over.Load() {
			if !assert.NoError(b.t, f()) {
				return
			}
		}
	})
}

// end waits until all that is under way has ended.
func (b *busy) end() {
	b.over.Store(true)
	b.working.Wait()
}

// always is a function that returns the same arguments.
func always(args ...string) func() []string { return func() []string { return args } }

// loaders connects clients, each of which works on deques of its own.
func loaders(t testing.TB, dial func() *client.Conn, clients int, config load.Config) (workers []load.Worker) {
	t.Helper()
	config.Path = []string{"each", "full_ex"}
	for i := range clients {
		config.Seed = uint64(i)
		k := dial()
		made, err := load.New(t.Context(), k, rootOf(t, k), config)
		require.NoError(t, err)
		workers = append(workers, made)
	}
	return workers
}

// atEndpoint returns a function that connects to an endpoint.
func atEndpoint(t testing.TB, at string) func() *client.Conn {
	return func() *client.Conn { return connect(t, at) }
}

// mixed pushes, pops, opens and closes.
var mixed = load.Config{Depth: 4, Sessions: 2, Fill: load.Half, Mix: load.Mix{4, 4, 1}}

// inheritedSockets are sockets that a server gets as descriptors: 3 listens, and 4 is
// connected.
type inheritedSockets struct {
	files  []*os.File
	listen string   // endpoint of 3
	far    net.Conn // the other end of 4
}

func newInheritedSockets(t testing.TB) inheritedSockets {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inherited")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	listening, err := l.File()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	own := os.NewFile(uintptr(pair[0]), "own end")
	far, err := net.FileConn(own)
	require.NoError(t, err)
	require.NoError(t, own.Close())
	return inheritedSockets{[]*os.File{listening, os.NewFile(uintptr(pair[1]), "server's end")}, "unix:" + path, far}
}

// give lets a command inherit them.
func (s inheritedSockets) give(cmd *exec.Cmd) { cmd.ExtraFiles = s.files }

// close closes this process's copies of what the command has.
func (s inheritedSockets) close(t testing.TB) {
	t.Helper()
	for _, f := range s.files {
		require.NoError(t, f.Close())
	}
}

// traces returns a function whose results are the arguments of a replay, one trace after
// the other.
func traces(t testing.TB, at string) func() []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/oracle/*.trace")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	turn := 0
	return func() []string {
		turn++
		return []string{"replay", "--file", "pid/4711/full_ex", paths[turn%len(paths)], at}
	}
}

// TestUpgradesUnderLoadFailNothing: clients on sockets of each kind work while the program
// is replaced again and again. Each result is compared with what a deque must give.
func TestUpgradesUnderLoadFailNothing(t *testing.T) {
	sockets := newInheritedSockets(t)
	s := startUpgradable(t, sockets.give, "--listen", "tcp:127.0.0.1:0", "--listen", "fd:3", "--listen", "fd:4")
	sockets.close(t)
	w := watch(t, s)
	descriptors := s.descriptors() // one of them is that of fd:4
	b := &busy{t: t}
	for _, at := range []string{s.at[0], s.at[1], sockets.listen} {
		b.load(loaders(t, atEndpoint(t, at), 3, mixed)...)
	}
	b.load(loaders(t, func() *client.Conn {
		k, err := client.New(t.Context(), sockets.far)
		require.NoError(t, err)
		return k
	}, 1, mixed)...)
	b.repeat(s.command, always("check", "--door", "each", s.at[0]))
	b.repeat(s.command, always("bench", "--conns", "2", "--depth", "8", "--mix", "4:4:1", "--duration", "300ms", s.at[1]))
	b.repeat(s.command, traces(t, s.at[1]))
	var pauses []time.Duration
	var memory []int
	for range upgrades(8, 100) {
		pauses = append(pauses, s.upgrade())
		memory = append(memory, s.resident())
		w.look()
	}
	b.end()
	t.Logf("%d operations, %d commands; %s; memory from %d to %d KiB",
		b.ops.Load(), b.runs.Load(), spread(pauses), slices.Min(memory), slices.Max(memory))
	assert.Greater(t, b.ops.Load(), int64(1000))
	assert.Greater(t, b.runs.Load(), int64(3))
	eventually(t, "it has no more descriptors than before", func() bool { return s.descriptors() < descriptors })
	assert.Less(t, slices.Max(memory), memory[0]*3/2)
}

// spread describes pauses.
func spread(pauses []time.Duration) string {
	sorted := slices.Sorted(slices.Values(pauses))
	return fmt.Sprintf("pauses: median %v, at most %v", sorted[len(sorted)/2], sorted[len(sorted)-1])
}

// TestUpgradesCarryVsockConnections runs where this machine can talk to itself by vsock;
// guests do in any case.
func TestUpgradesCarryVsockConnections(t *testing.T) {
	e, err := endpoint.Parse("vsock:1:0") // VMADDR_CID_LOCAL
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	if err != nil {
		t.Skipf("no vsock_loopback on this machine: %v", err)
	}
	require.NoError(t, l.Close())
	s := serveUpgradable(t, "--listen", "vsock:1:0")
	b := &busy{t: t}
	b.load(loaders(t, atEndpoint(t, s.at[1]), 3, mixed)...)
	for range upgrades(3, 20) {
		s.upgrade()
	}
	b.end()
	assert.Positive(t, b.ops.Load())
}
