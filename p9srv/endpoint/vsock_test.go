package endpoint

import (
	"testing"

	"github.com/mdlayher/vsock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVsockEndpointStringIsTheParsedText(t *testing.T) {
	var e Endpoint
	for _, text := range []string{"vsock:2:5640", "vsock:1:0", "vsock:any:5640"} {
		var err error
		e, err = Parse(text)
		require.NoError(t, err)
		assert.Equal(t, text, e.String())
	}
	assert.Equal(t, "vsock:any:77", e.At(&vsock.Addr{ContextID: anyCID, Port: 77}).String())
	assert.Equal(t, "vsock:1:77", e.At(&vsock.Addr{ContextID: 1, Port: 77}).String())
}
