//go:build linux

package tests

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/tests/vm"
)

// TestModuleProfileFitsAKernelModule builds a kernel module in C and checks it in a guest.
// The sound module passes. With a row of the contract broken, it fails.
func TestModuleProfileFitsAKernelModule(t *testing.T) {
	kernel := vm.NeedHeaders(t, "kernel-6.1")
	t.Parallel() // with other guests
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	module, err := kernel.BuildModule(ctx, "testdata/module", t.TempDir())
	require.NoError(t, err)
	files := guestFiles(t)
	files[filepath.Base(module)] = module
	config := vm.Config{Kernel: kernel, Modules: []string{"virtio_pci", "virtio_net"}, Files: files, Scenarios: []string{"kernel-module"}}
	dir := t.TempDir()
	require.NoError(t, config.Build(ctx, dir))
	m, err := vm.Start(ctx, config, dir)
	require.NoError(t, err)
	t.Cleanup(m.Kill)
	passes(t, m, "kernel-module")
}
