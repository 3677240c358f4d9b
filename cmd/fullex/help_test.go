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

func TestManualPageHasEveryCommand(t *testing.T) {
	out, _, err := run("", "man")
	require.NoError(t, err)
	assert.Contains(t, out, ".TH fullex 8")
	for _, c := range newApp(nil, nil, nil).Commands {
		assert.Equal(t, !c.Hidden, strings.Contains(out, "\n.SH "+c.Name+"\n") || strings.Contains(out, "\n.SH "+c.Name+", "), c.Name)
	}
}
