package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

// useSession asks the server for its modules and uses the mount, if there is one.
const useSession = `[ -S "${FULLEX_ADDR#unix:}" ] && [ ${#FULLEX_ADDR} -le 112 ] && fullex lsmod "$FULLEX_ADDR" | grep -c full_ex
	[ -z "$FULLEX_MOUNT" ] || { exec 3<>"$FULLEX_MOUNT/full_ex"; printf '\2' >&3; printf '\4\0\0\0' >&3; head -c 4 <&3 | od -An -td4 | tr -d ' '; }`

// runIn returns a run that has dir as TMPDIR and no runtime directory.
func runIn(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, append([]string{"run"}, args...)...)
	cmd.Env = append(cmd.Env, "TMPDIR="+dir, "XDG_RUNTIME_DIR=")
	return cmd
}

func TestRunWorksInAnyDirectory(t *testing.T) {
	flags, want := []string{"--"}, "1\n"
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err == nil {
		require.NoError(t, f.Close())
		flags, want = []string{"--fuse", "--"}, "1\n4\n" // run-fuse.txtar reports missing FUSE
	}
	for _, name := range []string{
		"plain", strings.Repeat("long/", 60), "axis=1,os=linux", ",mode=0666", "[x]", "a*b?", `back\slash`, "col:on", "per%25cent",
		"with blank", "new\nline", "\xff\xfe", "it's \"q\" $HOME",
	} {
		dir := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		out, err := runIn(t, dir, append(flags, "sh", "-c", useSession)...).CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, want, string(out), name)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, left, name)
	}
}

func TestRunTakesTheFirstSuitableDirectory(t *testing.T) {
	need.Root(t)
	theirs := strangersDir(t)
	roots := sharedDir(t)
	for _, test := range []struct{ runtime, temporary, want string }{
		{theirs, roots, theirs},
		{roots, theirs, theirs},
		{"/nosuch", "/nosuch/either", "/tmp"},
		{"relative", theirs, theirs},
	} {
		cmd := asStranger(command(t, "run", "--", "sh", "-c", `dirname "$(readlink -f "$(dirname "${FULLEX_ADDR#unix:}")")"`))
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+test.runtime, "TMPDIR="+test.temporary)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, test.want+"\n", string(out))
	}
}
