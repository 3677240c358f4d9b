package endpoint

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFormsNameEveryTransport(t *testing.T) {
	for _, one := range transports {
		form := one.name + ":" + one.form
		assert.Contains(t, forms(), form)
		assert.Contains(t, ServerForms(), form+one.options)
		assert.Equal(t, one.device == nil, strings.Contains(ClientForms(), form), form)
		assert.Equal(t, one.device == nil, strings.Contains(ProxyForms(), form+one.options), form)
		for _, other := range transports {
			assert.Equal(t, one == other, one.name == other.name)
		}
	}
	some := []*transport{{name: "a", form: "A"}, {name: "b", form: "B", options: "[,x]"}, {name: "c", form: "C"}}
	assert.Equal(t, "a:A, b:B or c:C", list(some, false))
	assert.Equal(t, "a:A, b:B[,x] or c:C", list(some, true))
}

func parse(t *testing.T, text string) Endpoint {
	t.Helper()
	e, err := Parse(text)
	require.NoError(t, err)
	return e
}

func TestPropertiesOfEachTransport(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	for text, want := range map[string]struct {
		inherited, bare bool
		device, abs     string
	}{
		"unix:s":                 {abs: "unix:" + here + "/s"},
		"unix:/s,mode=0660":      {abs: "unix:/s,mode=0660"},
		"tcp:[::1]:1":            {bare: true, abs: "tcp:[::1]:1"},
		"vsock:any:1":            {abs: "vsock:any:1"},
		"fd:3":                   {inherited: true, abs: "fd:3"},
		"vhost-user:s,tag=deque": {device: "s", abs: "vhost-user:" + here + "/s,tag=deque"},
	} {
		e := parse(t, text)
		assert.Equal(t, want.inherited, e.IsInherited(), text)
		assert.Equal(t, want.bare, e.IsBare(), text)
		path, ok := e.Device()
		assert.Equal(t, want.device, path, text)
		assert.Equal(t, want.device != "", ok, text)
		abs, err := e.Abs()
		require.NoError(t, err)
		assert.Equal(t, want.abs, abs.String())
	}
	assert.True(t, Endpoint{}.IsZero())
	assert.False(t, Endpoint{}.IsInherited())
}

func TestMountHintOfEachTransport(t *testing.T) {
	const network = true
	for text, want := range map[string]Mount{
		"unix:/s":                {Source: "/s", Options: []string{"trans=unix"}, Endpoint: "unix:/s"},
		"unix:/a,b/s,mode=0660":  {Source: "unix:/a,b/s,mode=0660", Options: []string{"trans=fd"}, Socket: true, Endpoint: "unix:/a,b/s,mode=0660"},
		"tcp:127.0.0.1:5":        {Source: "127.0.0.1", Options: []string{"trans=tcp", "port=5"}, Network: network, Endpoint: "tcp:127.0.0.1:5"},
		"tcp:[::1]:5":            {Source: "tcp:[::1]:5", Options: []string{"trans=fd"}, Network: network, Socket: true, Endpoint: "tcp:[::1]:5"},
		"tcp:[::]:5":             {Source: "THIS-MACHINE", Options: []string{"trans=tcp", "port=5"}, Network: network, Endpoint: "tcp:THIS-MACHINE:5"},
		"vsock:any:5":            {Source: "vsock:2:5", Options: []string{"trans=fd"}, Network: network, Socket: true, Endpoint: "vsock:2:5", Note: "in a guest of this machine"},
		"fd:3":                   {Note: "ask whoever opened the socket for its address"},
		"vhost-user:s,tag=deque": {Source: "deque", Options: []string{"trans=virtio"}, Note: "in the guest"},
	} {
		assert.Equal(t, want, parse(t, text).MountHint(t.Context()), text)
	}
}

func TestAtReplacesPort0ByTheActualPort(t *testing.T) {
	for _, text := range []string{"tcp:127.0.0.1:0", "tcp:[::1]:0", "tcp:localhost:0"} {
		e := parse(t, text)
		l, err := e.Listen(t.Context())
		if err != nil {
			t.Skip("no such address here: ", err)
		}
		assert.Equal(t, "tcp:"+l.Addr().String(), e.At(l.Addr()).String())
		require.NoError(t, l.Close())
	}
	assert.Equal(t, "tcp:[fe80::1%lo]:7", TCP("", 0).At(&net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 7, Zone: "lo"}).String())
	assert.Equal(t, "unix:/s", Unix("/s").At(&net.UnixAddr{Name: "/elsewhere"}).String())
}

func TestAddressIsExposedIfOtherMachinesCanReachIt(t *testing.T) {
	for addr, want := range map[net.Addr]bool{
		&net.TCPAddr{IP: net.IPv4zero}:             true,
		&net.TCPAddr{IP: net.IPv6unspecified}:      true,
		&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}:   true,
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}:   false,
		&net.TCPAddr{IP: net.IPv6loopback}:         false,
		&net.UnixAddr{Name: "/run/s", Net: "unix"}: false,
	} {
		assert.Equal(t, want, IsExposed(addr), "%v", addr)
	}
}
