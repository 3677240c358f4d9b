//go:build linux

package tests

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/vm"
)

// TestLinuxMountsOfAServerThatIsUpgraded: guests work at a deque, and have an idle mount,
// while their server on this machine is upgraded. Then one within the guest is.
func TestLinuxMountsOfAServerThatIsUpgraded(t *testing.T) {
	for _, version := range []string{"6.1", "6.12", "7.2"} {
		t.Run(version, func(t *testing.T) { testLinuxUpgraded(t, vm.Need(t, "kernel-"+version)) })
	}
}

func testLinuxUpgraded(t *testing.T, kernel vm.Kernel) {
	s := serveUpgradable(t, "--listen", "tcp:127.0.0.1:0", "--handshake-timeout", bootTime.String())
	_, port, _ := strings.Cut(s.at[1], "127.0.0.1:")
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	scenarios := []string{"upgraded", "vsock-upgrade"}
	config := vm.Config{Kernel: kernel, Modules: guestModules, Files: guestFiles(t), Scenarios: scenarios, Port: number}
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	dir := t.TempDir()
	require.NoError(t, config.Build(ctx, dir))
	m, err := vm.Start(ctx, config, dir)
	require.NoError(t, err)
	t.Cleanup(m.Kill)
	require.NoError(t, m.Await("working"))
	worked := dequeCalls(t, s)
	for range upgrades(5, 10) {
		before := worked()
		s.upgrade()
		eventually(t, "the guest works", func() bool { return worked() > before+20 })
	}
	require.NoError(t, m.Tell("go on"))
	passes(t, m, scenarios...)
	eventually(t, "the sessions of the guest are gone", func() bool { return worked() == 0 })
}

// dequeCalls returns a function whose result is how many calls the server has had at the
// devices that are open.
func dequeCalls(t testing.TB, s *upgradable) func() (calls int) {
	w := &witness{t: t, s: s, root: rootOf(t, connect(t, s.at[0]))}
	return func() (calls int) {
		lines := strings.Split(w.readPath("sessions"), "\n")
		for _, line := range lines[1 : len(lines)-1] {
			n, err := strconv.Atoi(strings.Fields(line)[7])
			assert.NoError(t, err, line)
			calls += n
		}
		return calls
	}
}
