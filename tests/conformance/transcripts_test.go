// Package conformance tests the messages between the server and its clients. It plays
// transcripts that a person can read (tests/testdata/transcripts), over every transport and
// with requests cut into pieces.
package conformance

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/wire"
)

// patience is how long a test waits for something that must happen soon.
const patience = 10 * time.Second

// unvouched is the mark of a case for transports that do not vouch for the peer's user. With
// them the attach says who the user is.
const unvouched = "unvouched"

// ways are the ways to send the requests of every case.
var ways = []struct {
	name string
	wire.Way
}{
	{"whole", wire.Way{}},
	{"pieces=1", wire.Way{Piece: 1}},
	{"pieces=13", wire.Way{Piece: 13}},
	{"pieces=1000", wire.Way{Piece: 1000}},
	{"pipelined", wire.Way{Pipelined: true}},
}

func TestTranscripts(t *testing.T) {
	cases := readTranscripts(t)
	for _, over := range transports(t.TempDir()) {
		for _, way := range ways {
			t.Run(over.name+"/"+way.name, func(t *testing.T) {
				for _, c := range cases {
					if c.Marks[unvouched] && over.vouches {
						continue
					}
					t.Run(filepath.Base(c.File)+"/"+c.Name, func(t *testing.T) {
						playCase(t, over, c, way.Way)
					})
				}
			})
		}
	}
}

// playCase plays a case against a server of its own. Afterwards no session and no goroutine
// may be left.
func playCase(t *testing.T, over transport, c wire.Case, way wire.Way) {
	goroutines := runtime.NumGoroutine()
	srv := &p9srv.Server{Kernel: newKernel()}
	dial, stop := over.start(t, srv)
	assert.NoError(t, c.Play(dial, way))
	stop()
	assert.Zero(t, srv.Kernel.Sessions(), "no session is left")
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// readTranscripts reads all transcripts. Their marks must be known and their names unique.
func readTranscripts(t *testing.T) []wire.Case {
	t.Helper()
	files, err := filepath.Glob("../testdata/transcripts/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []wire.Case
	names := make(map[string]bool)
	for _, file := range files {
		for _, c := range readTranscript(t, file) {
			for mark := range c.Marks {
				assert.Contains(t, []string{wire.InTurn, unvouched}, mark, "%s:%d", c.File, c.Line)
			}
			assert.False(t, names[c.File+c.Name], "%s:%d: a second case %q", c.File, c.Line, c.Name)
			names[c.File+c.Name] = true
			all = append(all, c)
		}
	}
	return all
}

func readTranscript(t *testing.T, file string) []wire.Case {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	cases, err := wire.ParseTranscript(file, f)
	require.NoError(t, err)
	return cases
}

// eventually waits until holds returns true. It asks again and again.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			require.FailNow(t, "did not happen: "+what)
		}
		runtime.Gosched()
		<-tick.C
	}
}
