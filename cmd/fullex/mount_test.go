package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMountPrintsWhatToType(t *testing.T) {
	for want, args := range map[string][]string{
		"mount -t 9p -o trans=unix,version=9p2000.L,noxattr,aname=/each,ro /run/s /mnt\n": {"-o", "aname=/each", "-o", "ro", "--print", "mount", "unix:/run/s", "/mnt"},
		"/run/s /mnt 9p trans=unix,version=9p2000.L,noxattr 0 0\n":                        {"--print", "fstab", "unix:/run/s", "/mnt"},
		"fullex mount --v9fs vsock:2:5640 /mnt\n":                                         {"--print", "mount", "vsock:2:5640", "/mnt"},
	} {
		out, _, err := run("", append([]string{"mount", "--v9fs"}, args...)...)
		require.NoError(t, err)
		assert.Equal(t, want, out)
	}
	for want, args := range map[string][]string{
		"mount: want [TARGET] DIR":             {"mount", "--v9fs"},
		"--print is of --v9fs":                 {"mount", "--print", "mount", "/mnt"},
		"--daemon is of FUSE":                  {"mount", "--v9fs", "--daemon", "/mnt"},
		"--reconnect is of a TARGET":           {"mount", "--reconnect", t.TempDir()},
		"flags come first":                     {"mount", "/mnt", "--v9fs"},
		"--print nothing: want mount or fstab": {"mount", "--v9fs", "--print", "nothing", "unix:/run/s", "/mnt"},
		"want unix:PATH":                       {"mount", "--v9fs", "nonsense", "/mnt"},
		"umount: want DIR":                     {"umount"},
		"nothing is mounted there":             {"umount", t.TempDir()},
	} {
		_, _, err := run("", args...)
		assert.ErrorContains(t, err, want)
	}
}

func TestOtherNamesOfTheProgram(t *testing.T) {
	for _, test := range []struct {
		args, want []string
	}{
		{[]string{"/usr/bin/fullex", "ls"}, []string{"/usr/bin/fullex", "ls"}},
		{[]string{"/usr/libexec/vhost-user-9p", "--fd=3"}, []string{"fullex", "vhost-user-9p", "--fd=3"}},
		{[]string{"/sbin/mount.fullex", "unix:/run/s", "/mnt", "-o", "rw,aname=/each"}, []string{"fullex", "mount", "--v9fs", "-o", "rw,aname=/each", "unix:/run/s", "/mnt"}},
		{[]string{"mount.fullex", "unix:/run/s", "/mnt", "-snv", "-t", "fullex.x", "-o", "ro"}, []string{"fullex", "mount", "--v9fs", "-o", "ro", "unix:/run/s", "/mnt"}},
		{[]string{"mount.fullex", "unix:/run/s", "/mnt", "-fvoro"}, []string{"fullex", "mount", "--v9fs", "--fake", "-o", "ro", "unix:/run/s", "/mnt"}},
	} {
		got, err := asCalled(test.args)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	for want, args := range map[string][]string{
		"want ENDPOINT DIR": {"mount.fullex", "/mnt"},
		"-o wants a value":  {"mount.fullex", "unix:/run/s", "/mnt", "-o"},
		"namespace (-N)":    {"mount.fullex", "unix:/run/s", "/mnt", "-N", "7"},
		"no option -x":      {"mount.fullex", "unix:/run/s", "/mnt", "-x"},
	} {
		_, err := asCalled(args)
		assert.ErrorContains(t, err, want)
	}
}
