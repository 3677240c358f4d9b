package v9fs

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
)

func mountOf(t *testing.T, at, dir string, options ...string) Mount {
	t.Helper()
	e, err := endpoint.Parse(at)
	require.NoError(t, err)
	return Mount{Endpoint: e, Dir: dir, Options: ParseOptions(options...)}
}

func TestLinesForShellAndFstab(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	long := strings.Repeat("/long", 30)
	for _, test := range []struct {
		endpoint, dir, options string
		line, fstab            string
	}{
		{"tcp:127.0.0.1:5640", "/mnt", "",
			"mount -t 9p -o trans=tcp,port=5640,version=9p2000.L,noxattr 127.0.0.1 /mnt",
			"127.0.0.1 /mnt 9p trans=tcp,port=5640,version=9p2000.L,noxattr,_netdev 0 0"},
		{"unix:/run/s", "/mnt", "aname=/each,ro",
			"mount -t 9p -o trans=unix,version=9p2000.L,noxattr,aname=/each,ro /run/s /mnt",
			"/run/s /mnt 9p trans=unix,version=9p2000.L,noxattr,aname=/each,ro 0 0"},
		{"unix:s", "/a b", "",
			"mount -t 9p -o trans=unix,version=9p2000.L,noxattr " + here + "/s '/a b'",
			here + `/s /a\040b 9p trans=unix,version=9p2000.L,noxattr 0 0`},
		{"unix:/run/s", "/mnt", "version=9p2000.u,xattr,msize=8192",
			"mount -t 9p -o trans=unix,version=9p2000.u,msize=8192 /run/s /mnt",
			"/run/s /mnt 9p trans=unix,version=9p2000.u,msize=8192 0 0"},
		{"vsock:2:5640", "/mnt", "cache=mmap",
			"fullex mount --v9fs -o cache=mmap vsock:2:5640 /mnt",
			"vsock:2:5640 /mnt fullex cache=mmap,_netdev 0 0"},
		{"tcp:[::1]:5640", "/mnt", "",
			"fullex mount --v9fs 'tcp:[::1]:5640' /mnt",
			"tcp:[::1]:5640 /mnt fullex _netdev 0 0"},
		{"unix:/run/s", "/it's", "trans=fd",
			`fullex mount --v9fs -o trans=fd unix:/run/s '/it'\''s'`,
			"unix:/run/s /it's fullex trans=fd 0 0"},
		{"unix:s", "/mnt", "trans=fd",
			"fullex mount --v9fs -o trans=fd unix:" + here + "/s /mnt",
			"unix:" + here + "/s /mnt fullex trans=fd 0 0"},
		{"unix:/a,b/it's,,\n1", "/mnt", "",
			"fullex mount --v9fs 'unix:/a,b/it'\\''s,,\n1' /mnt",
			`unix:/a,b/it's,,\0121 /mnt fullex defaults 0 0`},
		{"unix:" + long + "/s", "/mnt", "",
			"fullex mount --v9fs unix:" + long + "/s /mnt",
			"unix:" + long + "/s /mnt fullex defaults 0 0"},
		{"unix:/run/s", "/mnt", "trans=tcp,port=1,noauto,x-systemd.automount",
			"mount -t 9p -o trans=unix,version=9p2000.L,noxattr,noauto,x-systemd.automount /run/s /mnt",
			"/run/s /mnt 9p trans=unix,version=9p2000.L,noxattr,noauto,x-systemd.automount 0 0"},
	} {
		m := mountOf(t, test.endpoint, test.dir, test.options)
		line, err := m.Line(t.Context())
		require.NoError(t, err)
		assert.Equal(t, test.line, line)
		fstab, err := m.Fstab(t.Context())
		require.NoError(t, err)
		assert.Equal(t, test.fstab, fstab)
	}
}

func TestOptionsBecomeFlagsAndData(t *testing.T) {
	flags, data, err := ParseOptions("sync,ro,nosuid,noauto,msize=8192", "x-systemd.automount,,aname=/each,_netdev,defaults,noatime,rw,ro,async").split()
	require.NoError(t, err)
	assert.EqualValues(t, 1|2|1024, flags)
	assert.Equal(t, Options{"msize=8192", "aname=/each"}, data)
	_, _, err = ParseOptions("remount,ro").split()
	assert.ErrorContains(t, err, "option remount: only new mounts can be made")
	value, ok := ParseOptions("a=1,b,a=2").value("a")
	assert.True(t, ok)
	assert.Equal(t, "2", value, "the last one counts")
}

func TestMountSaysWhatIsMissing(t *testing.T) {
	err := mountOf(t, "unix:/nosuch/socket", t.TempDir()).Do(t.Context())
	assert.ErrorContains(t, err, "connect to unix:/nosuch/socket: no such file or directory (is fullex serve running there?)")
	err = mountOf(t, "tcp:nosuchhost.invalid:1", t.TempDir()).Do(t.Context())
	assert.ErrorContains(t, err, "look up nosuchhost.invalid: ")

	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	for _, options := range []string{"", "trans=fd"} {
		err = mountOf(t, "unix:"+l.Addr().String(), "/nosuch/dir", options).Do(t.Context())
		assert.ErrorContains(t, err, "mount unix:"+l.Addr().String()+" at /nosuch/dir: ")
	}
}
