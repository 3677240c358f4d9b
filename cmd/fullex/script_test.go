package main

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"fullex/tests/listing"
	"fullex/tests/need"
)

// TestScripts runs the scripts in testdata/script. A script is a transcript: it runs fullex in
// processes of its own, and says what they print and how they end. It starts in an empty
// directory, $WORK. In addition to the commands of testscript, which go doc
// github.com/rogpeppe/go-internal/testscript describes, scripts have these:
//
//	need fuse|root|PROGRAM        skip the script if that is missing, as package need does
//	exits STATUS PROGRAM ARG...   run a program, which must end with that status
//	refused STATUS LINE ARG...    run fullex, which must end with that status and print one line
//	                              as its error: "fullex: " and LINE, where ... stands for any text
//	waitfor REGEXP PROGRAM ARG... run a program again and again, until its standard output matches
//	start PROGRAM ARG...          start a program, and wait until it prints where it listens: $ADDR
//	end [SIGNAL]                  send SIGTERM or another signal to the program that was started
//	                              last; it must end with status 0 in the promised time. stdout
//	                              and stderr are then what it printed
//
// At its end a script ends the programs that it has started. $MODULES are the names of all
// modules, as messages list them. $ROOT and $DEVICES are the names of the files in / and
// /each, one a line.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Deadline:            time.Now().Add(scriptTime),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			started := &started{t: env.T().(testing.TB)}
			env.Values[startedKey{}] = started
			env.Defer(started.endAll)
			env.Setenv("MODULES", strings.Join(listing.Modules(), ", "))
			env.Setenv("ROOT", strings.Join(listing.Root(), "\n"))
			env.Setenv("DEVICES", strings.Join(listing.Devices(), "\n"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"need":    withArguments(1, needOf),
			"exits":   withArguments(2, exits),
			"refused": withArguments(3, refused),
			"waitfor": withArguments(2, waitFor),
			"start":   withArguments(1, start),
			"end":     withArguments(0, end),
		},
	})
}

// scriptTime limits the time of all scripts together. They take some seconds, and half a minute
// with the self-test of check.
const scriptTime = 3 * time.Minute

// TestMain makes the test binary the command fullex if it is called by that name. It does the
// same if fullex starts the binary as one of its own processes.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && slices.Contains([]string{workerName, watcherName}, os.Args[1]) {
		main()
		return
	}
	if os.Getenv("GORACE") == "" { // by default a program with -race waits a second at its end
		if err := os.Setenv("GORACE", "atexit_sleep_ms=10"); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, map[string]func(){"fullex": main})
}

// withArguments returns a command for scripts that takes at least a number of arguments and
// cannot be negated.
func withArguments(least int, do func(*testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < least {
			ts.Fatalf("wrong use of this command: see TestScripts")
		}
		do(ts, args)
	}
}

func needOf(ts *testscript.TestScript, args []string) {
	t := startedIn(ts).t
	switch args[0] {
	case "fuse":
		needFUSE(t)
	case "root":
		need.Root(t)
	default:
		if _, err := exec.LookPath(args[0]); err != nil {
			need.Skip(t, "%v", err)
		}
	}
}

// needFUSE skips a test if FUSE is missing.
func needFUSE(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		need.Skip(t, "no FUSE: %v", err)
	}
}

func exits(ts *testscript.TestScript, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err = ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func refused(ts *testscript.TestScript, args []string) {
	exits(ts, append([]string{args[0], "fullex"}, args[2:]...))
	var parts []string
	for part := range strings.SplitSeq(args[1], "...") {
		parts = append(parts, regexp.QuoteMeta(part))
	}
	want := `^fullex: ` + strings.Join(parts, ".*") + `\n$`
	if said := ts.ReadFile("stderr"); !regexp.MustCompile(want).MatchString(said) {
		ts.Fatalf("standard error is %q, want %q", said, want)
	}
}

func waitFor(ts *testscript.TestScript, args []string) {
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if err := ts.Exec(args[1], args[2:]...); err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	ts.Fatalf("no match for %#q in time", args[0])
}

// started are the commands that a script has started and not ended.
type started struct {
	t        testing.TB
	commands []*startedCommand
}

type startedKey struct{}

func startedIn(ts *testscript.TestScript) *started { return ts.Value(startedKey{}).(*started) }

func start(ts *testscript.TestScript, args []string) {
	c := newStartedCommand(exec.Command(args[0], args[1:]...))
	c.cmd.Dir = ts.MkAbs(".")
	c.cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "XDG_RUNTIME_DIR="+ts.Getenv("XDG_RUNTIME_DIR"))
	where, err := c.start()
	ts.Check(err)
	s := startedIn(ts)
	s.commands = append(s.commands, c)
	ts.Setenv("ADDR", strings.Fields(where)[0])
}

func end(ts *testscript.TestScript, args []string) {
	s := startedIn(ts)
	if len(s.commands) == 0 {
		ts.Fatalf("nothing was started")
	}
	c := s.commands[len(s.commands)-1]
	s.commands = s.commands[:len(s.commands)-1]
	signal := unix.SIGTERM
	if len(args) > 0 {
		signal = unix.SignalNum("SIG" + args[0])
	}
	err := c.end(signal)
	_, _ = ts.Stdout().Write(c.stdout.text.Bytes()) // to memory: there is no error
	_, _ = ts.Stderr().Write(c.stderr.text.Bytes())
	ts.Check(err)
}

// endAll ends what a script has left running.
func (s *started) endAll() {
	for _, c := range slices.Backward(s.commands) {
		if err := c.end(unix.SIGTERM); err != nil {
			s.t.Errorf("end of %q: %v", c.cmd.Args, err)
		}
	}
}
