package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv"
	"fullex/tests/need"
)

// inNamespace returns a command that runs as root of a user namespace of its own, as in a
// rootless container. Outside the namespace it is an ordinary user.
func inNamespace(name string, args ...string) *exec.Cmd {
	user := os.Geteuid()
	if user == 0 {
		user = 1000
	}
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}},
		Credential:  &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true},
	}
	return cmd
}

func needNamespaces(t *testing.T) {
	t.Helper()
	if out, err := inNamespace("true").CombinedOutput(); err != nil {
		need.Skip(t, "this user may not make user namespaces: %v %s", err, out)
	}
}

// TestRootOfAUserNamespaceUsesTheSocketOfItsUser: a server outside the namespace sees the
// ordinary user, and the socket vouches for that user.
func TestRootOfAUserNamespaceUsesTheSocketOfItsUser(t *testing.T) {
	needNamespaces(t)
	path, err := fullexCommand()
	require.NoError(t, err)
	srv := &p9srv.Server{}
	at := "unix:" + serve(t, srv).Name
	for _, command := range [][]string{
		{"lsmod", at}, {"ls", "-l", at, "/each"}, {"cat", at, "kmsg", "modules"}, {"sessions", at}, {"dmesg", at},
		{"write", "-n", at, "minimal_proc_lkm", "x"}, {"shell", at}, {"bench", "--duration", "10ms", at},
		{"check", "--only", "write.", at}, {"check", "--only", "reply.order", at},
	} {
		t.Run(command[0], func(t *testing.T) {
			cmd := inNamespace(path, command...)
			cmd.Stdin = strings.NewReader("open\ninit 1\npush 7\npop\n")
			out, err := cmd.CombinedOutput()
			assert.NoError(t, err, string(out))
		})
	}
	out, err := inNamespace(path, "rmmod", at, "full_ex").CombinedOutput()
	assert.Error(t, err, "root of the namespace does not administer the server")
	assert.Contains(t, string(out), "rmmod full_ex: ")
}

func TestRootOfAUserNamespaceMountsTheSocketOfItsUser(t *testing.T) {
	needNamespaces(t)
	path, err := fullexCommand()
	require.NoError(t, err)
	dir := t.TempDir() // serve lets other users into its parent
	at := "unix:" + serve(t, &p9srv.Server{}).Name
	enter := fuseForAll(t)
	if out, err := inNamespace("sh", "-c", enter+"exec 3<>/dev/fuse").CombinedOutput(); err != nil {
		need.Skip(t, "root of a user namespace may not use FUSE: %s", out)
	}
	cmd := inNamespace("sh", "-c", enter+`"$0" mount --daemon "$1" "$2" && ls "$2"; "$0" umount "$2"`, path, at, dir)
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, string(out))
	assert.Contains(t, string(out), "\nfull_ex\n")
}

// fuseForAll returns shell commands that let every user in a mount namespace open /dev/fuse.
// On some machines only root may open it.
func fuseForAll(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return ""
	}
	device := filepath.Join(t.TempDir(), "fuse")
	require.NoError(t, unix.Mknod(device, unix.S_IFCHR, int(unix.Mkdev(10, 229))))
	require.NoError(t, os.Chmod(device, 0o666))
	return "mount --bind " + device + " /dev/fuse; "
}
