package check

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
)

// TestHangInTheKernelIsAFailedCase checks a FIFO, where reads wait for ever.
func TestHangInTheKernelIsAFailedCase(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, syscall.Mkfifo(fifo, 0o666))
	start := time.Now()
	r := runAt(t, fifo, Plain, Options{Timeout: 2 * time.Second, Only: []string{"read.new", "file.kind"}})
	assert.Less(t, time.Since(start), 20*time.Second)
	c := of(t, r, "read.new")
	assert.True(t, c.Timeout)
	assert.Equal(t, "read did not return within 2s", c.Reason)
	assert.Equal(t, `read(3, <unfinished ...>`, c.Calls[len(c.Calls)-1])
	assert.Equal(t, "the device is a file of kind p---------, must be a regular file", of(t, r, "file.kind").Reason)
}

// isRunning says whether a process is there and no zombie.
func isRunning(process int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// openAndFork has a process open a path, and a child of it that inherits that.
func openAndFork(t *testing.T, path string) (o Opener, f File, child Opener, inherited File) {
	t.Helper()
	open, err := at(t, path, Plain, workerCommand())
	require.NoError(t, err)
	o, err = open()
	require.NoError(t, err)
	f, err = o.Open(os.O_RDWR)
	require.NoError(t, err)
	child, inherited, err = o.(Forker).Fork(f)
	require.NoError(t, err)
	return o, f, child, inherited
}

func TestNoProcessOutlivesItsClient(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system does not list its processes in /proc")
	}
	fifo := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, syscall.Mkfifo(fifo, 0o666))
	o, f, child, inherited := openAndFork(t, fifo)
	waits := make(chan error, 2)
	for _, file := range []File{f, inherited} {
		go func() {
			_, err := file.Read(make([]byte, 4))
			waits <- err
		}()
	}
	parent, forked := o.(*local).number, child.(*local).number
	assert.True(t, isRunning(parent) && isRunning(forked))
	require.NoError(t, o.Kill())
	assert.ErrorIs(t, <-waits, errProcessEnded)
	assert.ErrorIs(t, <-waits, errProcessEnded)
	assert.Eventually(t, func() bool { return !isRunning(parent) && !isRunning(forked) }, settleTime, askAgain)
	assert.NoError(t, child.Kill(), "it has ended with its parent")
	_, err := o.Open(os.O_RDWR)
	assert.ErrorIs(t, err, errProcessEnded)
}

func TestForkedChildHasTheOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	o, f, child, inherited := openAndFork(t, path)
	require.NoError(t, os.WriteFile(path, []byte("abcdefgh"), 0o600)) // a device has no content
	p := make([]byte, 4)
	_, err := inherited.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "abcd", string(p))
	_, thread := o.(Threader).Thread(7, f)
	_, err = thread.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "efgh", string(p), "one position for all of them")
	require.NoError(t, child.Kill())
	require.NoError(t, f.Close())
	require.NoError(t, o.Kill())
	require.NoError(t, o.Kill(), "twice")
}

func TestPlacesThatAreNoDevice(t *testing.T) {
	dir := t.TempDir()
	endpoint, _ := serve(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "x", "full_ex"), 0o755))
	for want, test := range map[string]struct {
		name string
		door Door
	}{
		"no device: stat ":           {dir, Plain},
		"is a device file, want the": {file, PID},
		"want the device full_ex":    {filepath.Join(dir, "x"), Plain},
		"want unix:PATH":             {"nonsense:x", Plain},
		"fd:3 is one connection":     {"fd:3", Plain},
		"is a socket, want unix:":    {strings.TrimPrefix(endpoint, "unix:"), Plain},
	} {
		_, err := at(t, test.name, test.door, nil)
		assert.ErrorContains(t, err, want)
	}
	open, err := at(t, file, Plain, []string{"/nosuch/program"})
	require.NoError(t, err)
	_, err = Run(t.Context(), open, Options{})
	assert.ErrorContains(t, err, "start a process: ")
}

func TestWorkerAnswersWhateverItIsAsked(t *testing.T) {
	p, err := startProcess(workerCommand(), -1)
	require.NoError(t, err)
	for _, r := range []request{{Op: opOpen}, {Op: opRead, Handle: 9}, {Child: 4, Op: opRead}, {Op: opKill, Handle: 1}} {
		a, err := p.ask(r)
		require.NoError(t, err)
		assert.NotEmpty(t, a.Text, r.Op)
	}
	require.NoError(t, p.kill())
	assert.ErrorContains(t, Work(strings.NewReader("nonsense"), &strings.Builder{}, nil), "read a request: ")
}
