package conformance

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
)

// testedElsewhere are the transports that other tests test, with the files of these tests.
// They need a device of this machine, an inherited socket, or a virtual machine.
var testedElsewhere = map[string]string{
	"vsock":      "../../p9srv/vsock_test.go",
	"fd":         "../../p9srv/endpoint/fd_test.go",
	"vhost-user": "../../p9srv/guest_linux_test.go",
}

func TestEveryTransportIsTested(t *testing.T) {
	here := map[string]bool{}
	for _, tr := range transports(t.TempDir()) {
		here[tr.name] = true
	}
	names := regexp.MustCompile(`([a-z-]+):[A-Z]`).FindAllStringSubmatch(endpoint.ServerForms(), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		file, elsewhere := testedElsewhere[name[1]]
		assert.NotEqual(t, here[name[1]], elsewhere, "transport %s: add it to transports, or to testedElsewhere", name[1])
		if elsewhere {
			_, err := os.Stat(file)
			assert.NoError(t, err)
		}
	}
}
