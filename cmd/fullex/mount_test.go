package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
