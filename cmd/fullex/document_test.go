package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/check"
)

// documents are the formats of check that programs read.
var documents = []string{"ktap", "junit", "json", "gradescope"}

// casesIn reads a whole document. It returns the number of cases, and the number of those
// that are neither passed nor skipped.
func casesIn(t *testing.T, format, text string) (cases, bad int) {
	t.Helper()
	switch format {
	case "ktap":
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		require.Equal(t, "KTAP version 1", lines[0])
		for _, line := range lines[2:] {
			if strings.HasPrefix(line, "not ok ") {
				bad++
			} else if !strings.HasPrefix(line, "ok ") {
				require.True(t, strings.HasPrefix(line, "# "), line)
				continue
			}
			cases++
		}
		require.Equal(t, fmt.Sprintf("1..%d", cases), lines[1])
	case "junit":
		var suites struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testsuite>testcase"`
		}
		require.NoError(t, xml.Unmarshal([]byte(text), &suites), text)
		for _, c := range suites.Cases {
			if c.Failure != nil || c.Error != nil {
				bad++
			}
		}
		cases = len(suites.Cases)
		require.Equal(t, []int{cases, bad}, []int{suites.Tests, suites.Failures + suites.Errors})
	case "json":
		var r check.Results
		require.NoError(t, json.Unmarshal([]byte(text), &r), text)
		failed, _ := r.Count(check.Failed)
		notRun, _ := r.Count(check.NotRun)
		cases, bad = len(r.Cases), failed+notRun
	case "gradescope":
		var r struct {
			Tests []struct{ Status string }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &r), text)
		for _, test := range r.Tests {
			if test.Status == "failed" {
				bad++
			}
		}
		cases = len(r.Tests)
	}
	return cases, bad
}

// statusOf returns the exit status of a command for which exec returned err.
func statusOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	return ended.ExitCode()
}

// silentServer accepts connections and never answers.
func silentServer(t *testing.T) (endpoint string, connected <-chan struct{}) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	came := make(chan struct{})
	go func() {
		defer close(came)
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			defer func() { _ = c.Close() }()
			came <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		for range came {
		}
	})
	return "unix:" + path, came
}

func TestCheckPrintsAWholeDocumentWhenNoCaseCanRun(t *testing.T) {
	endpoint, _ := serveHere(t)
	file := filepath.Join(t.TempDir(), "odd \x1b\xff\nok 1 name")
	for _, format := range documents {
		for name, args := range map[string][]string{
			"no target":               {"--format", format, "/nosuch"},
			"an odd name":             {"--format", format, file},
			"no server":               {"--format", format, "unix:/nosuch"},
			"no such flag":            {"--format", format, "--nosuch", endpoint},
			"a wrong flag":            {"--timeout", "soon", "--format=" + format, endpoint},
			"a wrong value":           {"--timeout", "0s", "--format", format, endpoint},
			"no such case":            {"--only", "nope", "--format", format, endpoint},
			"too many words":          {"--format", format, endpoint, "more"},
			"a list":                  {"--list", "--format", format},
			"a self-test of a target": {"--self-test", "--format", format, endpoint},
			"all are skipped":         {"--only", "open.each", "--format", format, endpoint},
		} {
			out, _, err := run("", append([]string{"check"}, args...)...)
			require.Error(t, err, name)
			status, _ := ending(err)
			assert.Equal(t, check.ExitNotRun, status, name)
			cases, bad := casesIn(t, format, out)
			assert.Positive(t, cases, name)
			if name != "all are skipped" {
				assert.Equal(t, cases, bad, name)
			}
		}
	}
}

// TestCheckPrintsAWholeDocumentWhenASignalEndsIt signals all processes of its group, while a
// call at the target waits for ever.
func TestCheckPrintsAWholeDocumentWhenASignalEndsIt(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, syscall.Mkfifo(fifo, 0o666))
	server, connected := silentServer(t)
	for _, format := range documents {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			for _, target := range []string{fifo, server} {
				cmd := command(t, "check", "--timeout", "1m", "--only", "read.new", "--only", "read.one", "--format", format, target)
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				var out, errs bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &errs
				require.NoError(t, cmd.Start())
				if target == server {
					<-connected
				} else {
					w, err := os.OpenFile(fifo, os.O_WRONLY, 0) // waits for the reader
					require.NoError(t, err)
					defer func() { _ = w.Close() }()
				}
				require.NoError(t, syscall.Kill(-cmd.Process.Pid, signal))
				assert.Equal(t, check.ExitNotRun, statusOf(t, cmd.Wait()), errs.String())
				assert.Regexp(t, `^fullex: check: stopped.*told to end: (interrupt|terminated)\n$`, errs.String())
				cases, bad := casesIn(t, format, out.String())
				assert.Equal(t, []int{2, 2}, []int{cases, bad}, out.String())
				assert.NotContains(t, out.String(), "got no answer", "the signal does not end the processes that make calls")
			}
		}
	}
}

func TestSelfTestPrintsEveryFormat(t *testing.T) {
	t.Parallel()
	for _, format := range documents {
		out, _, err := run("", "check", "--self-test", "--only", "open.new", "--format", format)
		status, _ := ending(err)
		assert.Equal(t, check.ExitFailed, status, "one case catches only a few faults")
		cases, bad := casesIn(t, format, out)
		assert.Equal(t, 1+len(allFaults()), cases)
		assert.Positive(t, bad)
		assert.Less(t, bad, cases)
	}
}

// TestOutputThatCannotBeWritten wants the documented exit status and one error line.
func TestOutputThatCannotBeWritten(t *testing.T) {
	endpoint, _ := serveHere(t)
	trace := filepath.Join(t.TempDir(), "a.trace")
	require.NoError(t, os.WriteFile(trace, []byte("open -> ok\nclose -> ok\n"), 0o600))
	for _, test := range []struct {
		status int
		args   []string
	}{
		{check.ExitNotRun, []string{"check", "--only", "open.", endpoint}},
		{check.ExitNotRun, []string{"check", "--only", "open.", "--format", "junit", endpoint}},
		{check.ExitNotRun, []string{"check", "--only", "open.", "--self-test"}},
		{check.ExitNotRun, []string{"check", "--list"}},
		{check.ExitNotRun, []string{"replay", trace, endpoint}},
		{1, []string{"bench", "--json", "--duration", "10ms", endpoint}},
	} {
		cmd := command(t, test.args...)
		r, w, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, r.Close())
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &errs
		err = cmd.Run()
		require.NoError(t, w.Close())
		assert.Equal(t, test.status, statusOf(t, err), test.args)
		assert.Regexp(t, `^fullex: .*broken pipe\n$`, errs.String(), test.args)
	}
}

// benchObject has the fields that bench --json prints even after an error.
type benchObject struct {
	Error   *string
	Results []struct{ Ops int64 }
}

func TestBenchPrintsAnObjectWhenNothingCanBeMeasured(t *testing.T) {
	endpoint, _ := serveHere(t)
	for _, args := range [][]string{
		{"unix:/nosuch"}, {"/no\nsuch"}, {"--conns", "0", endpoint}, {"--conns", "x", endpoint}, {"--rate", "NaN", endpoint},
		{"--rate", "+Inf", endpoint}, {"--mix", "x", endpoint}, {"--file", "nosuch", endpoint}, {endpoint, "more"}, {"--compare", "/nosuch", endpoint},
	} {
		out, _, err := run("", append([]string{"bench", "--json"}, args...)...)
		require.Error(t, err, args)
		var got benchObject
		require.NoError(t, json.Unmarshal([]byte(out), &got), "%v: %s", args, out)
		require.NotNil(t, got.Error, args)
		assert.NotNil(t, got.Results, args)
		assert.Empty(t, got.Results, args)
	}
}

// TestBenchEndsAtAServerThatHangs sends a signal, after which bench prints its results.
func TestBenchEndsAtAServerThatHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	server := startFullex(t, "serve", "--listen", "unix:"+path)
	bench := command(t, "bench", "--json", "--duration", "1h", "unix:"+path)
	var out, errs bytes.Buffer
	bench.Stdout, bench.Stderr = &out, &errs
	require.NoError(t, bench.Start())
	require.Eventually(t, func() bool {
		text, _, err := run("", "sessions", "unix:"+path)
		return err == nil && regexp.MustCompile(`full_ex(\s+\S+){6}\s+\d{4,}\s`).MatchString(text) // a thousand calls
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, server.cmd.Process.Signal(syscall.SIGSTOP))
	defer func() { require.NoError(t, server.cmd.Process.Signal(syscall.SIGCONT)) }()
	require.NoError(t, bench.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 1, statusOf(t, bench.Wait()))
	assert.Regexp(t, `^fullex: (bench|close): no reply for 1s\n$`, errs.String()) // "close" if the last reply had come
	var got benchObject
	require.NoError(t, json.Unmarshal(out.Bytes(), &got), out.String())
	require.Len(t, got.Results, 1)
}

func TestReplayEndsAtAServerThatDoesNotAnswer(t *testing.T) {
	server, connected := silentServer(t)
	trace := filepath.Join(t.TempDir(), "a.trace")
	require.NoError(t, os.WriteFile(trace, []byte("open -> ok\n"), 0o600))
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := command(t, "replay", trace, server)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		require.NoError(t, cmd.Start())
		<-connected
		require.NoError(t, cmd.Process.Signal(signal))
		assert.Equal(t, check.ExitNotRun, statusOf(t, cmd.Wait()))
		assert.Regexp(t, `^fullex: replay: stopped: told to end: (interrupt|terminated)\n$`, errs.String())
	}
}
