package p9srv

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPathsLeadToTheirNodes(t *testing.T) {
	kernel := loadedKernel()
	for _, path := range []string{"/", "/full_ex", "/each", "/each/full_ex", "/pid", "/pid/1", "/pid/4194303/full_ex", "/minimal_proc_lkm", "/pid/7/minimal_proc_lkm", "/ctl", "/kmsg", "/modules", "/sessions"} {
		at := root
		var paths []uint64
		for _, name := range splitPath(path) {
			next, err := at.walk(kernel, []byte(name))
			require.NoError(t, err, path)
			at = next
			paths = append(paths, at.path())
		}
		assert.Equal(t, path, at.String())
		assert.NotContains(t, paths, root.path(), "each path has a qid.path of its own")
	}
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

func TestQIDPathsAreAllDifferent(t *testing.T) {
	seen := map[uint64]node{}
	for _, n := range []node{
		root, {kind: eachDir, door: eachDoor}, {kind: pidDir, door: processDoor},
		{kind: deviceFile, file: 1}, {kind: deviceFile, file: 2}, {kind: deviceFile, file: 1, door: eachDoor},
		fixed["ctl"], fixed["kmsg"], fixed["modules"], fixed["sessions"],
		processNode(1), processNode(maxProcess),
		{kind: deviceFile, file: 1, door: processDoor, process: 1}, {kind: deviceFile, file: 1, door: processDoor, process: maxProcess},
	} {
		assert.NotZero(t, n.path())
		assert.NotContains(t, seen, n.path(), "%v and %v", n, seen[n.path()])
		seen[n.path()] = n
	}
}

func TestNamesThatAreNotThere(t *testing.T) {
	kernel := loadedKernel()
	for _, test := range []struct {
		dir  node
		name string
		want error
	}{
		{root, "nosuch", syscall.ENOENT},
		{root, "FULL_EX", syscall.ENOENT},
		{root, "full_ex\xff", syscall.ENOENT},
		{node{kind: eachDir}, "each", syscall.ENOENT},
		{node{kind: eachDir}, "kmsg", syscall.ENOENT},
		{node{kind: kmsgFile}, "x", syscall.ENOTDIR},
		{node{kind: deviceFile}, "x", syscall.ENOTDIR},
		{node{kind: pidDir}, "0", syscall.ENOENT},
		{node{kind: pidDir}, "007", syscall.ENOENT},
		{node{kind: pidDir}, "4194304", syscall.ENOENT},
		{node{kind: pidDir}, "99999999", syscall.ENOENT},
		{node{kind: pidDir}, "18446744073709551617", syscall.ENOENT},
		{node{kind: pidDir}, "abc", syscall.ENOENT},
		{node{kind: pidDir}, "1 ", syscall.ENOENT},
		{node{kind: pidDir}, "+1", syscall.ENOENT},
	} {
		_, err := test.dir.walk(kernel, []byte(test.name))
		assert.Equal(t, test.want, err, test.name)
	}
}

func TestResolveAname(t *testing.T) {
	kernel := loadedKernel()
	for aname, want := range map[string]string{
		"": "/", "/": "/", "///": "/", "each": "/each", "/each": "/each", "/each/": "/each",
		"/pid/7": "/pid/7", "pid": "/pid",
	} {
		n, err := resolve(kernel, []byte(aname))
		require.NoError(t, err, aname)
		assert.Equal(t, want, n.String(), aname)
	}
	for aname, want := range map[string]error{
		"/full_ex": syscall.ENOTDIR, "/kmsg": syscall.ENOTDIR, "/full_ex/x": syscall.ENOTDIR, "/nosuch": syscall.ENOENT,
		"/each/..": syscall.EINVAL, "/pid//7": syscall.EINVAL, "/pid/0": syscall.ENOENT,
	} {
		_, err := resolve(kernel, []byte(aname))
		assert.Equal(t, want, err, aname)
	}
}
