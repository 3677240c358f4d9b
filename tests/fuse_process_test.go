//go:build linux

package tests

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
)

// reuse mounts in a pid namespace of its own. A process opens the device and ends, but its
// child keeps the file open. Another process gets the same process ID and tries to open the
// device twice. If a thread of the mount has taken the ID, reuse tries another one.
const reuse = `
"$0" mount --daemon "$1" && cd "$1" || exit 9
status=3 tries=0
while [ $status = 3 ] && [ $tries -lt 100 ]; do
	tries=$((tries + 1))
	number=$(sh -c 'exec 3<>full_ex; printf "\003" >&3; sleep 1000 >/dev/null & echo $$')
	echo $((number - 1)) >/proc/sys/kernel/ns_last_pid
	sh -c 'test $$ = $1 || exit 3; exec 3<>full_ex; echo opened; exec 4<>full_ex; echo twice' sh $number 2>&1
	status=$?
done
cd / && umount -l "$1"
`

func TestProcessIsNotMistakenForAnEarlierOneWithItsID(t *testing.T) {
	if os.Geteuid() != 0 {
		need.Skip(t, "only root can make a pid namespace")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		need.Skip(t, "no FUSE on this machine: %v", err)
	}
	path, err := fullexCommand()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", reuse, path, t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, 1, strings.Count(string(out), "opened"), string(out))
	assert.Contains(t, string(out), "full_ex: Permission denied")
	assert.NotContains(t, string(out), "twice")
}

// TestHiddenProcessIsRefused hides the processes of other users from the user of the mount
// (hidepid, proc(5)). A hidden process may open each/full_ex, but not full_ex.
func TestHiddenProcessIsRefused(t *testing.T) {
	for _, option := range []string{"hidepid=1", "hidepid=2", "hidepid=4"} {
		t.Run(option, func(t *testing.T) {
			dir := letUsersMount(t, "user_allow_other\n")
			if err := unix.Mount("proc", "/proc", "proc", 0, option); err != nil {
				need.Skip(t, "a /proc with %s cannot be mounted here: %v", option, err)
			}
			m := mountFUSEAt(t, dir, user(nobody), "--allow-other")
			for range 2 {
				_, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
				assert.Equal(t, syscall.EACCES, err)
			}
			fd, err := syscall.Open(m.path("each/full_ex"), syscall.O_RDWR, 0)
			require.NoError(t, err, "each does not depend on the process")
			require.NoError(t, syscall.Close(fd))
			text, err := os.ReadFile(m.path("kmsg"))
			require.NoError(t, err)
			assert.NotContains(t, string(text), "at /pid/", "no open came through /pid")
			own := m.shell("exec 3<>full_ex")
			out, err := own.CombinedOutput()
			assert.NoError(t, err, "%s: a process of the mount's user is not hidden", out)
			m.end()
			assert.Contains(t, m.log.String(), "hidepid")
			assert.Contains(t, m.log.String(), "uid=0")
		})
	}
}
