// Package serving runs servers within tests.
package serving

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
)

// Socket runs a server on a unix socket until the test ends, and returns its endpoint.
func Socket(t testing.TB, srv *p9srv.Server) (at string) {
	t.Helper()
	return At(t, srv, "unix:"+filepath.Join(t.TempDir(), "s"))
}

// At runs a server at an endpoint until the test ends, and returns the endpoint. For port 0
// that has the port which the system chose.
func At(t testing.TB, srv *p9srv.Server, text string) (at string) {
	t.Helper()
	e, err := endpoint.Parse(text)
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, p9srv.ErrServerClosed)
	})
	return e.At(l.Addr()).String()
}
