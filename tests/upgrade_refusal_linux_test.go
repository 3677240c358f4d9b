package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client/load"
	"fullex/p9srv/upgrade"
	"fullex/tests/need"
)

// A candidate is this test binary as the new program of a server. A file says what is
// wrong with it.
const (
	endsInError      = "ends in an error"
	neverEnds        = "never ends"
	readsOthers      = "reads other formats"
	refusesState     = "refuses the state"
	hangsInRehearsal = "hangs in the rehearsal"
)

// playCandidate does what the file says. It writes the question that it got beside that.
func playCandidate(file string) error {
	wrong, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	question := os.Getenv("FULLEX_TRY_STATE")
	if err := os.WriteFile(file+".asked", []byte(question), 0o600); err != nil {
		return err
	}
	switch {
	case string(wrong) == endsInError:
		return fmt.Errorf("broken in two\nlines")
	case string(wrong) == readsOthers:
		fmt.Println(upgrade.Format + 70)
		fmt.Println(upgrade.Format + 71)
	case string(wrong) == neverEnds:
		select {}
	case question == "formats":
		fmt.Println(upgrade.Format)
	case string(wrong) == refusesState:
		return fmt.Errorf("this state is no good")
	default:
		select {}
	}
	return nil
}

// candidate is a server whose new program will be one.
type candidate struct {
	*upgradable
	*witness
	busy *busy
	file string
}

// serveForCandidate starts a server, and clients that work until worked.
func serveForCandidate(t testing.TB) candidate {
	t.Helper()
	c := candidate{file: filepath.Join(t.TempDir(), "candidate")}
	c.upgradable = startUpgradable(t, func(cmd *exec.Cmd) {
		cmd.Env = append(os.Environ(), roleVariable+"=candidate "+c.file)
	}, "--listen", "tcp:127.0.0.1:0")
	c.witness = watch(t, c.upgradable)
	c.busy = &busy{t: t}
	for _, at := range c.at {
		c.busy.load(loaders(t, atEndpoint(t, at), 2, load.Config{Depth: 2, Sessions: 1, Fill: load.Half})...)
	}
	return c
}

// worked ends the clients, which have met no error.
func (c candidate) worked(t testing.TB) {
	t.Helper()
	c.busy.end()
	assert.Positive(t, c.busy.ops.Load())
}

// become makes the candidate the new program.
func (c candidate) become(t testing.TB, wrong string) {
	t.Helper()
	require.NoError(t, os.WriteFile(c.file, []byte(wrong), 0o600))
	require.NoError(t, os.RemoveAll(c.file+".asked"))
	c.install(rolesPath(t))
}

// awaitAsked waits until the candidate was asked something.
func (c candidate) awaitAsked(t testing.TB, question string) {
	t.Helper()
	eventually(t, "the candidate is asked", func() bool {
		asked, _ := os.ReadFile(c.file + ".asked") // it may not be there yet
		return string(asked) == question
	})
}

// wasRefused looks for one line in the log and one in kmsg, and whether the old program
// goes on: it is the same one, and can be upgraded.
func (s *upgradable) wasRefused(t testing.TB, w *witness, why string) {
	t.Helper()
	const message = `level=ERROR msg="not upgraded: the old program goes on" `
	// The server logs in a goroutine of its own, and the command reads kmsg only.
	eventually(t, "the refusal is logged", func() bool { return strings.Contains(s.log.String(), message) })
	assert.Equal(t, 1, strings.Count(s.log.String(), message), "%s", &s.log)
	assert.Equal(t, 1, strings.Count(w.readPath("kmsg"), "fullex: not upgraded: "+why+"\n"))
	s.install(s.command)
	s.upgrade()
	w.look()
}

func TestNewProgramThatIsNotAsItMustBeIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wrong, why string // a regular expression
	}{
		{endsInError, `try the new program: exit status 1: ".*broken in two\\nlines"`},
		{neverEnds, `try the new program: it does not end: .*`},
		{readsOthers, `the new program reads the formats "71\\n72" of a state, and this one writes 1`},
		{refusesState, `rehearse with the new program: exit status 1: ".*this state is no good"`},
		{hangsInRehearsal, `rehearse with the new program: it does not end: .*`},
	} {
		t.Run(test.wrong, func(t *testing.T) {
			t.Parallel() // two take seconds
			c := serveForCandidate(t)
			defer c.worked(t)
			c.become(t, test.wrong)
			why := c.refuses()
			assert.Regexp(t, "^"+test.why+"$", why)
			c.wasRefused(t, c.witness, why)
		})
	}
}

// TestFileThatMayNotBeExecutedIsRefused: what lies at the program's path must be a program,
// and nobody but root and the server's user may have put it there.
func TestFileThatMayNotBeExecutedIsRefused(t *testing.T) {
	stranger := func(path string) error { return os.Chown(path, need.Stranger, need.Stranger) }
	for name, test := range map[string]struct {
		change   func(program string) error
		back     func(program string) error
		why      string
		onlyRoot bool
	}{
		"not executable": {change: withMode(0o644), why: `permission denied`},
		"no program":     {change: replacedBy("no program\n"), why: `exec format error`},
		"a script":       {change: replacedBy("#!/bin/sh\necho 1\n"), why: `exit status`},
		"gone":           {change: os.Remove, why: `no such file`},
		"a folder":       {change: replacedByFolder, back: os.Remove, why: `it is not a regular file`},
		"of a stranger":  {change: stranger, why: `it belongs to uid 65534, want root or uid 0`, onlyRoot: true},
		"writable":       {change: withMode(0o777), why: `others may write there \(mode 0777\)`},
		"in a folder of a stranger": {
			change: inFolder(stranger), back: inFolder(func(dir string) error { return os.Chown(dir, 0, 0) }),
			why: `the program's folder .* belongs to uid 65534`, onlyRoot: true,
		},
		"in a folder that others may write": {
			change: inFolder(withMode(0o775)), back: inFolder(withMode(0o755)), why: `the program's folder .* others may write there \(mode 0775\)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.onlyRoot {
				need.Root(t)
			}
			s := serveUpgradable(t)
			w := watch(t, s)
			require.NoError(t, test.change(s.program))
			why := s.refuses()
			assert.Regexp(t, test.why, why)
			if test.back != nil {
				require.NoError(t, test.back(s.program))
			}
			s.wasRefused(t, w, why)
		})
	}
}

func withMode(m os.FileMode) func(string) error {
	return func(path string) error { return os.Chmod(path, m) }
}

// inFolder returns a function that does something to the folder of a path.
func inFolder(do func(dir string) error) func(string) error {
	return func(path string) error { return do(filepath.Dir(path)) }
}

func replacedBy(text string) func(string) error {
	return func(path string) error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(text), 0o755)
	}
}

func replacedByFolder(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.Mkdir(path, 0o755)
}

// TestServerThatCannotBeCarriedSaysSo goes on as if nobody had asked.
func TestServerThatCannotBeCarriedSaysSo(t *testing.T) {
	for _, test := range []struct {
		name, why string
		args      []string
	}{
		{"fault", "a server with --fault cannot be upgraded", []string{"--fault", "odd-right"}},
		{"vhost-user", "freeze the server: what connects to .*/machine cannot be carried", []string{"--listen", "vhost-user:" + filepath.Join(t.TempDir(), "machine")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serveUpgradable(t, test.args...)
			root := rootOf(t, connect(t, s.at[0]))
			const times = 5 // each connects, so that the sockets must accept again
			for range times {
				assert.Regexp(t, "^"+test.why+"$", s.refuses())
			}
			require.NoError(t, openAt(t, root, "full_ex", syscall.O_RDWR).Close(t.Context()))
			assert.Equal(t, times, strings.Count(s.log.String(), "level=ERROR"), "%s", &s.log)
		})
	}
}
