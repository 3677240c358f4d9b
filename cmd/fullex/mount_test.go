package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
)

func TestMountLines(t *testing.T) {
	const options = "version=9p2000.L,noxattr"
	here, err := os.Getwd()
	require.NoError(t, err)
	for text, want := range map[string][2]string{ // with FUSE, and as root
		"unix:/run/s":        {"unix:/run/s DIR", "mount -t 9p -o trans=unix," + options + " /run/s /mnt"},
		"unix:/s,mode=0660":  {"unix:/s DIR", "mount -t 9p -o trans=unix," + options + " /s /mnt"},
		"unix:/a b/it's":     {`'unix:/a b/it'\''s' DIR`, "mount -t 9p -o trans=unix," + options + ` '/a b/it'\''s' /mnt`},
		"unix:s":             {"unix:" + here + "/s DIR", "mount -t 9p -o trans=unix," + options + " " + here + "/s /mnt"},
		"tcp:127.0.0.1:5640": {"tcp:127.0.0.1:5640 DIR", "mount -t 9p -o trans=tcp,port=5640," + options + " 127.0.0.1 /mnt"},
		"tcp:0.0.0.0:99":     {"tcp:THIS-MACHINE:99 DIR", "mount -t 9p -o trans=tcp,port=99," + options + " THIS-MACHINE /mnt"},
		"tcp:[::1]:5640":     {"'tcp:[::1]:5640' DIR", "fullex mount --v9fs 'tcp:[::1]:5640' /mnt"},
		"vsock:any:5640":     {"vsock:2:5640 DIR (in a guest of this machine)", "fullex mount --v9fs vsock:2:5640 /mnt (in a guest of this machine)"},
	} {
		e, err := endpoint.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, "  mount it: fullex mount "+want[0]+"\n  mount it (as root): "+want[1]+"\n", mountLines(t.Context(), e))
	}
	e, err := endpoint.Parse("fd:3")
	require.NoError(t, err)
	assert.Equal(t, "  mount it: ask whoever opened the socket for its address\n", mountLines(t.Context(), e))
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
