package tree

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/listing"
)

func TestPathsLeadToTheirNodes(t *testing.T) {
	kernel := listing.Kernel(listing.Modules()...)
	all := []string{"/", "/pid/1"}
	for _, name := range listing.Root() {
		all = append(all, "/"+name)
	}
	for _, name := range listing.Devices() {
		all = append(all, "/each/"+name, "/pid/7/"+name, "/pid/4194303/"+name)
	}
	for _, path := range all {
		at := root
		var paths []uint64
		for _, name := range splitPath(path) {
			next, err := at.walk(kernel, []byte(name))
			require.NoError(t, err, path)
			at = next
			paths = append(paths, at.Path())
		}
		assert.Equal(t, path, at.String())
		assert.Equal(t, splitPath(path), append([]string{}, at.Names()...))
		found, ok := At(at.Path(), func(n uint16) string {
			assert.Equal(t, at.file, n)
			return at.name
		})
		assert.True(t, ok, path)
		assert.Equal(t, path, found.String())
		assert.Equal(t, at.Path(), found.Path())
		assert.NotContains(t, paths, root.Path(), "no other node has the root's qid.path")
	}
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

func TestEachNodeHasItsOwnQIDPath(t *testing.T) {
	seen := map[uint64]Node{}
	for _, n := range []Node{
		root, {kind: eachDir, door: eachDoor}, {kind: pidDir, door: processDoor},
		{kind: deviceFile, file: 1}, {kind: deviceFile, file: 2}, {kind: deviceFile, file: 1, door: eachDoor},
		fixed["ctl"], fixed["kmsg"], fixed["modules"], fixed["sessions"],
		processNode(1), processNode(maxProcess),
		{kind: deviceFile, file: 1, door: processDoor, process: 1}, {kind: deviceFile, file: 1, door: processDoor, process: maxProcess},
	} {
		assert.NotZero(t, n.Path())
		assert.NotContains(t, seen, n.Path(), "%v and %v", n, seen[n.Path()])
		seen[n.Path()] = n
	}
}

func TestAtRefusesPathsThatNoNodeHas(t *testing.T) {
	named := func(uint16) string { return "full_ex" }
	unknown := func(uint16) string { return "" }
	device := Node{kind: deviceFile, file: 1}
	for what, c := range map[string]struct {
		path uint64
		name func(uint16) string
	}{
		"kind 0":                    {0, named},
		"kind above the last":       {uint64(sessionsFile+1) << 56, named},
		"process 0":                 {processNode(0).Path(), named},
		"process above the largest": {processNode(maxProcess + 1).Path(), named},
		"unknown name":              {device.Path(), unknown},
		"door above the last":       {device.Path() | uint64(processDoor+1)<<48, named},
		"door /pid without process": {device.Path() | uint64(processDoor)<<48, named},
		"process at another door":   {device.Path() | 7, named},
	} {
		_, ok := At(c.path, c.name)
		assert.False(t, ok, what)
	}
	n, ok := At(fixed["kmsg"].Path()|77, named)
	assert.True(t, ok, "At ignores the bits that a text file does not use")
	assert.Equal(t, fixed["kmsg"], n)
	number, ok := DeviceNumber(device.Path())
	assert.True(t, ok)
	assert.EqualValues(t, 1, number)
	_, ok = DeviceNumber(fixed["kmsg"].Path())
	assert.False(t, ok)
}

func TestWalkRefusesNamesThatDoNotExist(t *testing.T) {
	kernel := listing.Kernel(listing.Modules()...)
	for _, test := range []struct {
		dir  Node
		name string
		want error
	}{
		{root, "nosuch", syscall.ENOENT},
		{root, "FULL_EX", syscall.ENOENT},
		{root, "full_ex\xff", syscall.ENOENT},
		{Node{kind: eachDir}, "each", syscall.ENOENT},
		{Node{kind: eachDir}, "kmsg", syscall.ENOENT},
		{Node{kind: kmsgFile}, "x", syscall.ENOTDIR},
		{Node{kind: deviceFile}, "x", syscall.ENOTDIR},
		{Node{kind: pidDir}, "0", syscall.ENOENT},
		{Node{kind: pidDir}, "007", syscall.ENOENT},
		{Node{kind: pidDir}, "4194304", syscall.ENOENT},
		{Node{kind: pidDir}, "99999999", syscall.ENOENT},
		{Node{kind: pidDir}, "18446744073709551617", syscall.ENOENT},
		{Node{kind: pidDir}, "abc", syscall.ENOENT},
		{Node{kind: pidDir}, "1 ", syscall.ENOENT},
		{Node{kind: pidDir}, "+1", syscall.ENOENT},
	} {
		_, err := test.dir.walk(kernel, []byte(test.name))
		assert.Equal(t, test.want, err, test.name)
	}
}

func TestAttachFindsTheDirectoryOfItsAname(t *testing.T) {
	tree := New(listing.Kernel(listing.Modules()...), time.Now())
	for aname, want := range map[string]string{
		"": "/", "/": "/", "///": "/", "each": "/each", "/each": "/each", "/each/": "/each",
		"/pid/7": "/pid/7", "pid": "/pid",
	} {
		f, err := tree.Attach(&User{}, []byte(aname))
		require.NoError(t, err, aname)
		assert.Equal(t, want, f.Node().String(), aname)
	}
	for aname, want := range map[string]error{
		"/full_ex": syscall.ENOTDIR, "/kmsg": syscall.ENOTDIR, "/full_ex/x": syscall.ENOTDIR, "/nosuch": syscall.ENOENT,
		"/each/..": syscall.EINVAL, "/pid//7": syscall.EINVAL, "/pid/0": syscall.ENOENT,
	} {
		_, err := tree.Attach(&User{}, []byte(aname))
		assert.Equal(t, want, err, aname)
	}
}
