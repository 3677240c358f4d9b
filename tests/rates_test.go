//go:build linux

package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/vm"
)

// BenchmarkWaysInAGuest measures writes and reads of a value in a guest by turns:
// through its virtio-9p device, over TCP, which QEMU's user network carries, and
// on a FUSE mount with a server in the guest. It reports operations a second of
// each, and how many times as fast virtio is as TCP.
func BenchmarkWaysInAGuest(b *testing.B) {
	for _, version := range []string{"6.1", "7.2"} {
		b.Run(version, func(b *testing.B) {
			for b.Loop() {
				rates := guestRates(b, version)
				for name, rate := range rates {
					b.ReportMetric(rate, name+"-ops/s")
				}
				b.ReportMetric(rates["virtio"]/rates["tcp"], "virtio/tcp")
			}
		})
	}
}

// guestRates boots a guest for its rates.
func guestRates(b *testing.B, version string) map[string]float64 {
	b.Helper()
	srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{HandshakeTimeout: bootTime}}
	config := underNewQEMU(b, version, "rates")
	config.Port = serveTCP(b, srv).Port
	m := startGuestAt(b, config, serveVirtio(b, srv), vm.SharedMemory())
	results, console, err := m.Wait()
	require.NoError(b, err, console)
	for _, r := range results {
		require.Empty(b, r.Failures, r.Scenario)
	}
	rates := make(map[string]float64)
	for line := range strings.Lines(console) {
		var name string
		var rate float64
		if _, err := fmt.Sscanf(line, "rate %s %f", &name, &rate); err == nil {
			rates[name] = rate
		}
	}
	require.Len(b, rates, 3, console)
	return rates
}
