//go:build linux

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRunMountsUnderAnyUmask: fullex run passes the user's umask to its command, and can mount
// and clean up under any umask.
func TestRunMountsUnderAnyUmask(t *testing.T) {
	dir := letUsersMount(t, "")
	path, err := fullexCommand()
	require.NoError(t, err)
	for _, umask := range []string{"0777", "0700", "0177", "0000"} {
		line := "umask " + umask + `; exec "$0" run --fuse -- sh -c 'umask; ls $FULLEX_MOUNT/full_ex >/dev/null && exec "$0" lsmod $FULLEX_ADDR >/dev/null' "$0"`
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line, path)
		cmd.Env, cmd.SysProcAttr = append(os.Environ(), "XDG_RUNTIME_DIR="+dir), user(nobody)
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err)
		assert.Equal(t, umask+"\n", string(out))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestRunPassesDescriptorsToItsCommandOnly: the command inherits the descriptors of fullex run.
// The process that cleans up afterwards does not.
func TestRunPassesDescriptorsToItsCommandOnly(t *testing.T) {
	path, err := fullexCommand()
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	cmd := exec.CommandContext(t.Context(), path, "run", "--", "sh", "-c", "echo $$ >&3; read line")
	cmd.ExtraFiles = []*os.File{w}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	var shell string
	_, err = fmt.Fscanln(r, &shell)
	require.NoError(t, err)
	pipe, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", r.Fd()))
	require.NoError(t, err)
	holders := 0
	for pid := range children(t, cmd.Process.Pid) {
		files, err := filepath.Glob("/proc/" + pid + "/fd/*")
		require.NoError(t, err)
		for _, file := range files {
			if name, _ := os.Readlink(file); name == pipe { // Readlink fails if the descriptor is closed by now
				assert.Equal(t, shell, pid)
				holders++
			}
		}
	}
	assert.Equal(t, 1, holders, strings.Join(cmd.Args, " "))
	require.NoError(t, in.Close())
	require.Error(t, cmd.Wait(), "read fails at the end of the input")
}
