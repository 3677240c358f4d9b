package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFaultsAreListed(t *testing.T) {
	for _, args := range [][]string{{"serve", "--list-faults"}, {"serve", "--fault", "help"}} {
		out, _, err := run("", args...)
		require.NoError(t, err)
		assert.Equal(t, len(allFaults()), strings.Count(out, "\n"))
		assert.Regexp(t, `(?m)^leak\[=N\] +a close frees nothing`, out)
		assert.Regexp(t, `(?m)^delay=TIME +replies leave`, out)
	}
}

func TestBadFaultsAreOneLine(t *testing.T) {
	for want, args := range map[string][]string{
		`--fault "nosuch": no such fault, want one of odd-right, `: {"nosuch"},
		`delay=TIME, reorder, drop=N`:                              {"nosuch"},
		`--fault "error=2": want a probability`:                    {"error=2"},
		`--fault "delay=5": want a time above 0`:                   {"delay=5"},
		`--fault odd-right: given twice`:                           {"odd-right", "odd-right"},
		`--fault drop: given twice`:                                {"drop=3", "drop=4"},
	} {
		line := []string{"serve", "--listen", "tcp:127.0.0.1:0"}
		for _, fault := range args {
			line = append(line, "--fault", fault)
		}
		_, _, err := run("", line...)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n")
	}
	_, _, err := run("", "serve", "--module", "helloworld", "--fault", "leak", "--listen", "tcp:127.0.0.1:0")
	assert.ErrorContains(t, err, "--fault leak: it is of module full_ex, which --module leaves out")
}

func TestEveryFaultStartsAServer(t *testing.T) {
	values := map[string]string{"error": "=0.5", "delay": "=1ms", "drop": "=3"}
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

func TestServeTellsOfItsFaults(t *testing.T) {
	endpoint := "unix:" + filepath.Join(t.TempDir(), "s")
	r := startServe(t, 1, "--listen", endpoint, "--log-level", "error",
		"--fault", "odd-right", "--fault", "error=0.01:7", "--fault", "delay=1ms")
	out, _, err := run("", "lsmod", endpoint)
	require.NoError(t, err)
	assert.Contains(t, out, "helloworld                 0  0 faulty:delay=1ms\n")
	assert.Contains(t, out, "full_ex                    0  0 faulty:odd-right,error=0.01:7,delay=1ms\n")
	log, _, err := run("", "dmesg", endpoint)
	require.NoError(t, err)
	assert.Contains(t, log, "full_ex: faulty on purpose: odd-right: odd numbers are pushed right")
	popped, _, err := run("open\ninit 9\npush 2 1\npop\n", "shell", endpoint)
	require.NoError(t, err)
	assert.Contains(t, popped, "2")
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, r.cmd.Wait())
	for _, fault := range []string{"odd-right", "error=0.01:7", "delay=1ms"} {
		assert.Regexp(t, `(?m)^time=\S+ level=WARN msg="this server is faulty on purpose" fault="?`+fault+`"? what=".+"$`, r.stderr.String())
	}
}
