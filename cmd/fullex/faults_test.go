package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryFaultIsListed(t *testing.T) {
	out, _, err := run("", "serve", "--list-faults")
	require.NoError(t, err)
	assert.Equal(t, len(allFaults()), strings.Count(out, "\n"))
}

func TestEveryFaultStartsAServer(t *testing.T) {
	values := map[string]string{"error": "=0.5", "delay": "=1ms", "drop": "=3", "capacity-range": "=2:99"}
	for _, fault := range allFaults() {
		planted, err := parseFaults([]string{fault.Name + values[fault.Name]})
		require.NoError(t, err)
		server, err := newServer(nil, planted)
		require.NoError(t, err, fault.Name)
		assert.Contains(t, server.Kernel.ListModules(), " faulty:"+fault.Name+values[fault.Name]+"\n")
	}
	sound, err := newServer(nil, planting{})
	require.NoError(t, err)
	assert.Nil(t, sound.Layer)
	assert.NotContains(t, sound.Kernel.ListModules(), "faulty")
}
