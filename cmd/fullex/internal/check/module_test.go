package check

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// threadsClient is a client of a device that works as the module does: a session belongs
// to the thread that opened it, and calls of others are refused.
type threadsClient struct {
	*memoryClient
	refusalPops bool // a refused call removes the leftmost value
}

// refusing is the file of a session that belongs to another thread or process.
type refusing struct {
	*memory
	pops bool
}

func (f refusing) Read([]byte) (int, error)  { return 0, f.refuse() }
func (f refusing) Write([]byte) (int, error) { return 0, f.refuse() }
func (f refusing) Close() error              { return nil } // not the last descriptor

func (f refusing) refuse() error {
	if f.pops && len(f.Values) > 0 {
		f.Values = f.Values[1:]
	}
	return syscall.EACCES
}

// Thread implements Threader.
func (c threadsClient) Thread(number int, f target.File) (target.Opener, target.File) {
	if number == 0 || f == nil {
		return c, f
	}
	return c, refusing{f.(*memory), c.refusalPops}
}

// Fork implements Forker.
func (c threadsClient) Fork(f target.File) (target.Opener, target.File, error) {
	child := &memoryClient{device: c.device}
	return child, refusing{f.(*memory), c.refusalPops}, nil
}

// shared are the cases in which one thread or process uses what another has opened.
var shared = []string{"thread.shared", "thread.race", "fork.shared", "fork.outlives"}

func TestModuleProfileAcceptsSessionsThatBelongToAThread(t *testing.T) {
	d := &faulty{popsShort: true}
	open := func() (Client, error) { return inMemory(threadsClient{memoryClient: &memoryClient{device: d}}), nil }
	r, err := Run(t.Context(), open, Options{Contract: contract.Of(contract.Module)})
	require.NoError(t, err)
	for _, id := range shared {
		c := of(t, r, id)
		assert.Equal(t, Passed, c.Status, "%s: %s\n%s", id, c.Reason, strings.Join(c.Calls, "\n"))
		assert.Contains(t, strings.Join(c.Notes, " "), "the session is its thread's")
	}
	assert.Equal(t, ExitPassed, r.Exit())

	r, err = Run(t.Context(), open, Options{Contract: contract.Of(contract.Fixed), Only: shared})
	require.NoError(t, err)
	for _, c := range r.Cases {
		assert.Equal(t, Failed, c.Status, c.ID)
	}
}

func TestModuleProfileRejectsARefusalThatPops(t *testing.T) {
	d := &faulty{}
	open := func() (Client, error) { return inMemory(threadsClient{&memoryClient{device: d}, true}), nil }
	r, err := Run(t.Context(), open, Options{Contract: contract.Of(contract.Module), Only: []string{"thread.shared", "fork.shared"}})
	require.NoError(t, err)
	for _, c := range r.Cases {
		assert.Equal(t, "read of the leftmost value, 2, failed with EACCES, must return 4", c.Reason, c.ID)
	}
}

func TestModuleProfileRejectsAShortReadThatCopiesNothing(t *testing.T) {
	for _, id := range []string{"read.short.1", "read.short.3", "random.sessions"} {
		r := runOn(t, &faulty{popsShort: true, copiesNothing: true}, Options{Contract: contract.Of(contract.Module), Seed: 1, Only: []string{id}})
		assert.Equal(t, Failed, r.Cases[0].Status, id)
		assert.Contains(t, r.Cases[0].Reason, "of the leftmost value", id)
	}
}

// described is a client whose device has a mode and a size.
type described struct {
	*memoryClient
	mode fs.FileMode
	size int64
}

// Stat implements Stater.
func (c described) Stat(string) (target.Entry, error) {
	return target.Entry{Mode: c.mode, Size: c.size}, nil
}

func TestModuleProfileRejectsASizeAboveZero(t *testing.T) {
	for mode, size := range map[fs.FileMode]int64{0o444: 1, 0o666: 1} {
		r, err := Run(t.Context(), func() (Client, error) { return inMemory(described{&memoryClient{device: &faulty{}}, mode, size}), nil },
			Options{Contract: contract.Of(contract.Module), Only: []string{"file.kind"}})
		require.NoError(t, err)
		assert.Equal(t, "the device has size 1, must have 0", r.Cases[0].Reason)
	}
}

// sharingClient is a client whose children use the sessions that they inherit.
type sharingClient struct{ *memoryClient }

// inherited is a descriptor that is not the last of its session.
type inherited struct{ *memory }

func (f inherited) Close() error { return nil }

// Fork implements Forker.
func (c sharingClient) Fork(f target.File) (target.Opener, target.File, error) {
	return &memoryClient{device: c.device}, inherited{f.(*memory)}, nil
}
