package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/serving"
)

// serveHere runs a server in this process and returns its endpoint.
func serveHere(t *testing.T) (at string, srv *p9srv.Server) {
	t.Helper()
	kernel, err := kernelWith(nil, planting{})
	require.NoError(t, err)
	srv = &p9srv.Server{Kernel: kernel}
	return serving.Socket(t, srv), srv
}

// run runs a command within this process.
func run(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = newApp(strings.NewReader(stdin), &out, &errs).Run(append([]string{"fullex"}, args...))
	return out.String(), errs.String(), err
}
