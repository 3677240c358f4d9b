package fusefs

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProcessOfAThread(t *testing.T) {
	own, err := processOf(uint32(os.Getpid()))
	require.NoError(t, err)
	assert.EqualValues(t, os.Getpid(), own.number)
	assert.NotZero(t, own.birth)
	for range 2 { // at least one is not the process's first thread, which has the process's number
		id, end := lockedThread()
		defer end()
		p, err := processOf(id)
		require.NoError(t, err)
		assert.Equal(t, own, p)
	}
	for name, thread := range map[string]uint32{"of another pid namespace": 0, "that has ended": 4_194_000} {
		p, err := processOf(thread)
		assert.NoError(t, err, name)
		assert.Zero(t, p, name)
	}
	_, err = lookUp(4_194_000)
	assert.ErrorContains(t, err, "hidepid")
}

// lockedThread starts a goroutine with a thread of its own. end ends both.
func lockedThread() (id uint32, end func()) {
	thread, ended := make(chan int), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked
		thread <- syscall.Gettid()
		<-ended
	}()
	return uint32(<-thread), func() { close(ended) }
}

// TestBirthsOfProcesses tries both kinds of birth, as far as this kernel has them.
func TestBirthsOfProcesses(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	for name, birth := range map[string]func(int) (uint64, error){"pidfd": pidfdInode, "start time": startTime} {
		if name == "pidfd" && !hasPidfs() {
			continue
		}
		first, err := birth(cmd.Process.Pid)
		require.NoError(t, err, name)
		again, err := birth(cmd.Process.Pid)
		require.NoError(t, err, name)
		assert.Equal(t, first, again, name)
		parent, err := birth(os.Getpid())
		require.NoError(t, err, name)
		assert.Greater(t, first, parent, "%s: the child began later", name)
		_, err = birth(4_194_000)
		assert.Error(t, err, name)
	}
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
}
