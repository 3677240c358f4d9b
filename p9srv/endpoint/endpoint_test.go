package endpoint

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseReadsWhatStringReturns(t *testing.T) {
	for _, test := range []struct {
		text string
		want Endpoint
	}{
		{"unix:/run/x.sock", Endpoint{&unixTransport, unixAddress{"/run/x.sock", 0o600}}},
		{"unix:/run/x.sock,mode=0660", Endpoint{&unixTransport, unixAddress{"/run/x.sock", 0o660}}},
		{"unix:/run/a,b=1/x.sock", Endpoint{&unixTransport, unixAddress{"/run/a,b=1/x.sock", 0o600}}},
		{"unix:/run/a,b/x,,y,,,mode=0660", Endpoint{&unixTransport, unixAddress{"/run/a,b/x,y,", 0o660}}},
		{"unix:/run/,mode=0666/x,,mode=0666", Endpoint{&unixTransport, unixAddress{"/run/,mode=0666/x,mode=0666", 0o600}}},
		{"vhost-user:,,,tag=deque", Endpoint{&vhostTransport, vhostAddress{unixAddress{",", 0o600}, "deque"}}},
		{"unix:/a\nb/\xff %41\\[x]:'\"", Endpoint{&unixTransport, unixAddress{"/a\nb/\xff %41\\[x]:'\"", 0o600}}},
		{"unix:a:b", Endpoint{&unixTransport, unixAddress{"a:b", 0o600}}},
		{"vhost-user:/run/vm", Endpoint{&vhostTransport, vhostAddress{unixAddress{"/run/vm", 0o600}, "fullex"}}},
		{"vhost-user:/run/vm,tag=deque,mode=0660", Endpoint{&vhostTransport, vhostAddress{unixAddress{"/run/vm", 0o660}, "deque"}}},
		{"tcp:127.0.0.1:5640", TCP("127.0.0.1", 5640)},
		{"tcp::0", TCP("", 0)},
		{"tcp:[::1]:5640", TCP("::1", 5640)},
	} {
		e, err := Parse(test.text)
		require.NoError(t, err, test.text)
		assert.Equal(t, test.want, e)
		assert.Equal(t, test.text, e.String())
	}
}

func TestParseErrorsSayWhatWasExpected(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "want unix:PATH, tcp:HOST:PORT",
		"/run/x.sock":                         "want unix:PATH, tcp:HOST:PORT",
		"udp:1.2.3.4:5":                       "want unix:PATH, tcp:HOST:PORT",
		"unix:":                               "want unix:PATH",
		"unix:@name":                          "abstract",
		"unix:/x,mode=99":                     "octal",
		"unix:/x,mode=7777":                   "octal",
		"unix:/x,mode=":                       "octal",
		"unix:/x,owner=me":                    "want mode=OCTAL",
		"unix:/x,tag=a":                       "want mode=OCTAL",
		"vhost-user:":                         "want vhost-user:PATH",
		"vhost-user:/x,tag=":                  "62 letters",
		"vhost-user:/x,tag=a b":               "62 letters",
		"vhost-user:/x,size=1":                "want tag=NAME or mode=OCTAL",
		"unix:/a," + strings.Repeat("x", 108): "want mode=OCTAL",
		"unix:" + strings.Repeat("x", 108):    "108 bytes",
		"unix:/x,":                            "want mode=OCTAL",
		"tcp:5640":                            "want tcp:HOST:PORT",
		"tcp:localhost:http":                  "number from 0 to 65535",
		"tcp:localhost:65536":                 "number from 0 to 65535",
		"tcp:localhost:1,mode=0600":           "has none",
		"vsock:2":                             "want vsock:CID:PORT",
		"vsock:host:1":                        "2 is the host",
		"vsock:2:4294967296":                  "a number of 32 bits",
		"vsock:2:1,x":                         "has none",
		"fd:x":                                "want fd:N",
		"fd:-1":                               "want fd:N",
		"fd:03":                               "want fd:N",
		"fd:3,x":                              "has none",
	} {
		_, err := Parse(text)
		if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), want)
		}
	}
}

func listen(t *testing.T, text string) net.Listener {
	t.Helper()
	e, err := Parse(text)
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func listenError(t *testing.T, text string) string {
	t.Helper()
	e, err := Parse(text)
	require.NoError(t, err)
	_, err = e.Listen(t.Context())
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n", "one line")
	return err.Error()
}

func TestListenErrorsNameTheEndpoint(t *testing.T) {
	l := listen(t, "tcp:127.0.0.1:0")
	text := "tcp:" + l.Addr().String()
	assert.Equal(t, "listen on "+text+": address already in use", listenError(t, text))
	missing := "unix:" + filepath.Join(t.TempDir(), "no", "s")
	assert.Equal(t, "listen on "+missing+": no such file or directory", listenError(t, missing))
}

func TestDialErrorNamesTheEndpoint(t *testing.T) {
	e := Unix(filepath.Join(t.TempDir(), "none"))
	_, err := e.Dial(t.Context())
	require.Error(t, err)
	assert.Equal(t, "connect to "+e.String()+": no such file or directory", err.Error())
}
