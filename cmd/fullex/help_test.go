package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHelpNamesEveryCommand(t *testing.T) {
	out, _, err := run("", "help")
	require.NoError(t, err)
	for _, c := range newApp(nil, nil, nil).Commands {
		assert.Equal(t, !c.Hidden, strings.Contains(out, "     "+c.Name), c.Name)
	}
}
