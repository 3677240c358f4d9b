package caller

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/target"
)

// pollTime is the time between two checks of a condition.
const pollTime = 5 * time.Millisecond

// isRunning reports whether a process exists and is not a zombie.
func isRunning(process int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// openAndFork starts a process that opens a path, and a child that inherits the file.
func openAndFork(t *testing.T, path string) (o mounted, f target.File, child mounted, inherited target.File) {
	t.Helper()
	at, err := Starter(named(t, path), startWorker)()
	require.NoError(t, err)
	o = at.(mounted)
	f, err = o.Open("", os.O_RDWR)
	require.NoError(t, err)
	forked, inherited, err := o.Fork(f)
	require.NoError(t, err)
	return o, f, forked.(mounted), inherited
}

func TestNoProcessOutlivesItsClient(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system does not list its processes in /proc")
	}
	fifo := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, syscall.Mkfifo(fifo, 0o666))
	o, f, child, inherited := openAndFork(t, fifo)
	waits := make(chan error, 2)
	for _, file := range []target.File{f, inherited} {
		go func() {
			_, err := file.Read(make([]byte, 4))
			waits <- err
		}()
	}
	assert.True(t, isRunning(o.PID()) && isRunning(child.PID()))
	require.NoError(t, o.Close())
	assert.Equal(t, errEnded, <-waits)
	assert.Equal(t, errEnded, <-waits)
	assert.Eventually(t, func() bool { return !isRunning(o.PID()) && !isRunning(child.PID()) }, endTime, pollTime)
	assert.NoError(t, child.Close(), "it has ended with its parent")
	_, err := o.Open("", os.O_RDWR)
	assert.Equal(t, errEnded, err)
}

func TestForkedChildHasTheOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	o, f, child, inherited := openAndFork(t, path)
	require.NoError(t, os.WriteFile(path, []byte("abcdefghijkl"), 0o600))
	grandchild, again, err := child.Fork(inherited)
	require.NoError(t, err)
	_, thread := o.Thread(7, f)
	for _, of := range []struct {
		file target.File
		want string
	}{{inherited, "abcd"}, {thread, "efgh"}, {again, "ijkl"}} {
		p := make([]byte, 4)
		_, err = of.file.Read(p)
		require.NoError(t, err)
		assert.Equal(t, of.want, string(p), "all of them share one position")
	}
	_, none := o.Thread(7, nil)
	assert.Nil(t, none)
	require.NoError(t, grandchild.Close())
	require.NoError(t, child.Close())
	require.NoError(t, f.Close())
	require.NoError(t, o.Close())
	require.NoError(t, o.Close(), "a second close")
}

func TestProcessThatCannotBeStartedIsAnError(t *testing.T) {
	_, err := Starter(named(t, t.TempDir()), func() (*Process, error) { return Start([]string{"/nosuch/program"}) })()
	assert.ErrorContains(t, err, "start a process: ")
}
