package vm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReportsAreFoundAmongOtherLines(t *testing.T) {
	results, err := parseConsole("SeaBIOS\r\n\x1bc@@ PASS set-up\r\n" +
		"@@ FAIL kill: open: EACCES: again\r\n[ 1.0] e1000: up\r\n" +
		"@@ FAIL kill: close\r\n@@ PASS oracle\r\n@@ END 3\r\nrestart\r\n")
	require.NoError(t, err)
	assert.Equal(t, []Result{
		{Scenario: "set-up"},
		{Scenario: "kill", Failures: []string{"open: EACCES: again", "close"}},
		{Scenario: "oracle"},
	}, results)
}

func TestConsoleWithoutAReportOfTheEndIsAnError(t *testing.T) {
	for _, console := range []string{"", "@@ PASS set-up\n@@ PASS oracle\n", "@@ PASS set-up\n@@ EN"} {
		_, err := parseConsole(console)
		assert.ErrorIs(t, err, errNoEnd, "%q", console)
	}
}

func TestConsoleWithABrokenReportIsAnError(t *testing.T) {
	_, err := parseConsole("@@ PASS set-up\n@@ FA[ 9.1] Oops\nIL oracle: line 7\n@@ END 2\n")
	assert.ErrorContains(t, err, "the guest counted 2")
}
