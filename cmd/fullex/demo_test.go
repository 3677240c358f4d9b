package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDemoShowsEveryCallItsResultAndTheDeque(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, demo(&out))
	text := out.String()
	assert.Equal(t, len(tutorial), strings.Count(text, " = "), "a line a call")
	for _, line := range []string{
		`open("/full_ex", O_RDWR)     = EACCES`,
		"write(byte 101)              = EINVAL",
		"write(int32 -3)              = 4                      | -3|  1|  2|   |   |",
		"write(int32 9)               = EACCES                 | -3|  1|  2|  4|  0|",
		"read(4096 bytes)             = 4: value 1             |  2|  4|  0|   |   |",
		"close()                      = ok                     (no session)",
	} {
		assert.Contains(t, text, line)
	}
}
