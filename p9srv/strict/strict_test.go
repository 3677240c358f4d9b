package strict

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	p9wire "fullex/p9srv/wire"
	"fullex/tests/wire"
)

// broken is a log handler that collects the names of broken rules.
type broken struct {
	slog.Handler
	mu    sync.Mutex
	names []string
	lines []string
}

func newBroken() *broken { return &broken{Handler: slog.DiscardHandler} }

func (b *broken) Enabled(context.Context, slog.Level) bool { return true }
func (b *broken) WithAttrs([]slog.Attr) slog.Handler       { return b }

func (b *broken) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "sin" || a.Key == "note" {
			b.names = append(b.names, a.Value.String())
		}
		line += " " + a.Key + "=" + a.Value.Resolve().String()
		return true
	})
	b.lines = append(b.lines, line)
	return nil
}

// agreed begins a talk; attached and opened go on: fid 0 is the root, and fid 1 a deque.
const (
	agreed   = "NOTAG Tversion 8192 9P2000.L\n"
	attached = agreed + `Tattach 0 NOFID "" "" NOUID` + "\n"
	opened   = attached + "Twalk 0 1 full_ex\nTlopen 1 O_RDWR\n"
	listed   = attached + "Twalk 0 2\nTlopen 2 0\nTreaddir 2 0 50\n"
	clunks0  = "\nTclunk 0"
	clunks   = "\nTclunk 1\nTclunk 0"
	clunks2  = "\nTclunk 2\nTclunk 0"
)

// frames are the messages of a line, which are sent together. Between them is "; ". A message
// may begin with its tag. One that begins with hex: is bytes.
func frames(t testing.TB, line string, tag *uint16) (all []byte) {
	t.Helper()
	for text := range strings.SplitSeq(line, "; ") {
		own := *tag
		*tag++
		if word, rest, _ := strings.Cut(text, " "); word == "NOTAG" {
			own, text = 0xffff, rest
		} else if n, err := strconv.ParseUint(word, 10, 16); err == nil {
			own, text = uint16(n), rest
		}
		frame, err := wire.Encode(text, own)
		require.NoError(t, err, text)
		all = append(all, frame...)
	}
	return all
}

// talks sends each line of a talk in one write, and returns the names of the rules that were
// broken. It reads no replies, which are few.
func talks(t testing.TB, srv *p9srv.Server, talk string) []string {
	t.Helper()
	seen := newBroken()
	var watch Watch
	srv.Log, srv.Layer = slog.New(seen), watch.Layer
	c, err := srv.Connect()
	require.NoError(t, err)
	tag := uint16(100)
	for line := range strings.FieldsFuncSeq(talk, func(r rune) bool { return r == '\n' }) {
		if _, err = c.Write(frames(t, line, &tag)); err != nil {
			break // the server has ended it
		}
	}
	require.NoError(t, c.Close())
	sins := 0
	for _, name := range seen.names {
		if !ruleNamed(t, name).Note {
			sins++
		}
	}
	assert.EqualValues(t, sins, watch.Sins())
	return seen.names
}

func ruleNamed(t testing.TB, name string) Rule {
	t.Helper()
	for _, r := range Rules() {
		if r.Name == name {
			return r
		}
	}
	require.Fail(t, "no such rule", name)
	return Rule{}
}

// sinful has the smallest talks that break each rule, and what they break.
var sinful = []struct{ broken, talk string }{
	{"version-first", "Tclunk 0"},
	{"version-first", `NOTAG Tversion 8192 9P2099` + "\n" + `Tattach 0 NOFID "" "" NOUID`},
	{"version-awaited", `NOTAG Tversion 8192 9P2000.L; Tattach 0 NOFID "" "" NOUID` + clunks0},
	{"version-awaited", `NOTAG Tversion 8192 9P2099; Tattach 0 NOFID "" "" NOUID`},
	{"version-awaited", "NOTAG Tversion 8192 9P2000.L; NOTAG Tversion 8192 9P2000.L"},
	{"version-string", "NOTAG Tversion 8192 8P"},
	{"version-tag", "1 Tversion 8192 9P2000.L"},
	{"version-again", attached + agreed},

	{"tag-in-use", attached + "7 Twalk 0 1; 7 Tgetattr 0 0" + clunks},
	{"tag-flushed", attached + "7 Twalk 0 1; 8 Tflush 7; 7 Tgetattr 0 0" + clunks},
	{"tag-flushed", attached + "7 Twalk 0 1\n8 Tflush 7; 7 Tgetattr 0 0" + clunks},
	{"tag-notag", attached + "NOTAG Tgetattr 0 0" + clunks0},
	{"flush-itself", attached + "7 Tflush 7" + clunks0},

	{"frame-short", agreed + "Tclunk 0 size:6"},
	{"frame-above-msize", agreed + "Tclunk 0 size:8193"},
	{"version-first", "Tclunk 0 size:100000"},
	{"type-unknown", agreed + "type:200 hex:00000000"},
	{"type-unknown", agreed + "Rclunk"},
	{"malformed", agreed + "Tattach 0 NOFID \"\" \"\" NOUID cut:1"},
	{"malformed", agreed + "Tflush 1 add:00"},
	{"malformed", attached + "Tfsync 0 add:00" + clunks0},
	{"malformed", "NOTAG Tversion 8192 9P2000.L cut:1"},
	{"fsync-short", opened + "Tfsync 1" + clunks},
	{"string-nul", attached + `Twalk 0 1 "a\x00"` + clunks0},
	{"string-nul", agreed + `Tattach 0 NOFID "a\x00" "" NOUID` + clunks0},
	{"string-utf8", attached + `Twalk 0 1 "a\xff"` + clunks0},

	{"fid-unknown", attached + "Tgetattr 1 0" + clunks0},
	{"fid-unknown", attached + "Twalk 0 1 nosuch\nTclunk 1" + clunks0},
	{"fid-unknown", attached + "Twalk 0 1 full_ex nosuch\nTclunk 1" + clunks0},
	{"fid-unknown", attached + "Trenameat 0 a 1 b" + clunks0},
	{"fid-clunked", attached + "Tclunk 0\nTclunk 0"},
	{"fid-clunked", attached + "Tremove 0\nTgetattr 0 0"},
	{"fid-clunked", attached + "Tclunk 0; Tgetattr 0 0"},
	{"fid-nofid", attached + "Twalk 0 NOFID full_ex" + clunks0},
	{"fid-nofid", agreed + "Tclunk NOFID"},
	{"fid-before-reply", attached + "Twalk 0 1 full_ex; Tgetattr 1 0" + clunks},
	{"fid-before-reply", attached + "Twalk 0 1 nosuch; Tgetattr 1 0" + clunks0},
	{"fid-before-reply", attached + "Twalk 0 1; Twalk 0 1" + clunks},
	{"fid-before-reply", attached + "Twalk 0 1 full_ex\nTlopen 1 O_RDWR; Tread 1 0 4" + clunks},
	{"fid-before-reply", attached + "Twalk 0 1\nTwalk 1 1 full_ex; Tgetattr 1 0" + clunks},
	{"fid-before-rclunk", attached + "Twalk 0 1\nTclunk 1; Twalk 0 1" + clunks},
	{"fids-left", attached},
	{"newfid-in-use", opened + "Twalk 0 1" + clunks},
	{"newfid-in-use", attached + `Tattach 0 NOFID "" "" NOUID` + clunks0},
	{"afid-unknown", agreed + `Tattach 0 1 "" "" NOUID`},

	{"names-too-many", attached + "Twalk 0 1" + strings.Repeat(" a", 17) + clunks0},
	{"name-empty", attached + `Twalk 0 1 ""` + clunks0},
	{"name-dot", attached + `Twalk 0 1 .` + clunks0},
	{"name-slash", attached + `Twalk 0 1 each/full_ex` + clunks0},
	{"name-dotdot", attached + `Tmkdir 0 .. 0 0` + clunks0},
	{"walk-dotdot", attached + `Twalk 0 1 each ..` + clunks0},

	{"walk-open-fid", opened + "Twalk 1 2\nTclunk 2" + clunks},
	{"walk-from-file", attached + "Twalk 0 1 full_ex\nTwalk 1 2 x" + clunks},
	{"open-twice", opened + "Tlopen 1 O_RDWR" + clunks},
	{"open-directory-write", attached + "Tlopen 0 O_RDWR" + clunks0},
	{"open-directory-write", attached + "Tlopen 0 O_TRUNC" + clunks0},
	{"io-not-open", attached + "Twalk 0 1 full_ex\nTread 1 0 4" + clunks},
	{"io-not-open", attached + "Twalk 0 1 full_ex\nTlopen 1 0\nTwrite 1 0 hex:05" + clunks},
	{"io-not-open", attached + "Twalk 0 1 full_ex\nTlopen 1 1\nTread 1 0 4" + clunks},
	{"io-not-open", attached + "Treaddir 0 0 100" + clunks0},
	{"io-not-open", attached + "Tfsync 0 0" + clunks0},
	{"read-directory", listed + "Tread 2 0 100" + clunks2},
	{"readdir-file", opened + "Treaddir 1 0 100" + clunks},
	{"readdir-offset", listed + "Treaddir 2 77 100" + clunks2},
	{"count-above-msize", opened + "Tread 1 0 8182" + clunks},
	{"count-above-iounit", opened + "Tread 1 0 8181" + clunks},
	{"count-above-iounit", opened + "Twrite 1 0 repeat:8169:x" + clunks},
}

func TestEachRuleIsBrokenByTheSmallestTalk(t *testing.T) {
	never := make(map[string]bool)
	for _, r := range Rules() {
		never[r.Name] = true
	}
	for _, test := range sinful {
		delete(never, test.broken)
		assert.Equal(t, []string{test.broken}, talks(t, &p9srv.Server{}, test.talk), test.talk)
	}
	assert.Empty(t, never, "rules without a talk")
}

// sound are talks that break no rule.
var sound = []string{
	agreed,
	opened + "Twrite 1 0 hex:05\nTwrite 1 0 int:7; Tread 1 0 4; Tread 1 0 8168" + clunks,
	opened + "7 Tread 1 0 4; 8 Tflush 7; 9 Tflush 7; 10 Tflush 999" + clunks,
	opened + "7 Tread 1 0 4\n7 Tread 1 0 4\n7 Tflush 3\n3 Tread 1 0 4" + clunks,
	listed + "Treaddir 2 1 100\nTreaddir 2 0 8000; Treaddir 2 2 8000" + clunks2,
	attached + "Twalk 0 1\nTwalk 1 1 full_ex\nTclunk 1\nTwalk 0 1" + clunks,
	attached + "Twalk 0 1 nosuch\nTwalk 0 1" + clunks,
	attached + "Twalk 0 1; Twalk 0 2; Tgetattr 0 0\nTclunk 2; Tclunk 1; Tclunk 0",
	attached + "Tclunk 0\n" + attached + clunks0,
	attached + "Twalk 0 1 full_ex\nTlopen 1 O_RDWR; Tgetattr 1 0x7ff" + clunks,
	"NOTAG Tversion 8192 9P2000.L.Google.7\n" + `Tauth 3 "" "" NOUID` + "\nTflush 1",
	"NOTAG Tversion 8192 9P2099\n" + attached + clunks0,
	attached + `Txattrwalk 0 1 ""` + "\n" + `Txattrwalk 0 1 "security/x"` + clunks0,
}

func TestSoundTalksBreakNoRule(t *testing.T) {
	for _, talk := range sound {
		assert.Empty(t, talks(t, &p9srv.Server{}, talk), talk)
	}
}

// TestWhatTheClientMayHaveSeenIsNoSin sends what is a sin in one write, in a write each.
func TestWhatTheClientMayHaveSeenIsNoSin(t *testing.T) {
	for _, test := range sinful {
		switch test.broken {
		case "version-awaited", "tag-in-use", "tag-flushed", "fid-before-reply", "fid-before-rclunk":
		default:
			continue
		}
		names := talks(t, &p9srv.Server{}, strings.ReplaceAll(test.talk, "; ", "\n"))
		assert.NotContains(t, names, test.broken, test.talk)
	}
}

// TestABatchIsOneHoweverOftenTheServerAnswers sends more than is answered at once.
func TestABatchIsOneHoweverOftenTheServerAnswers(t *testing.T) {
	const many = 3000
	seen := newBroken()
	var watch Watch
	calls := 0
	srv := &p9srv.Server{Log: slog.New(seen), Layer: func(p p9srv.Processor, way p9srv.Way) p9srv.Processor {
		return watch.Layer(counting{p, &calls}, way)
	}}
	c, err := srv.Connect()
	require.NoError(t, err)
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, c) })
	tag := uint16(100)
	_, err = c.Write(frames(t, "NOTAG Tversion 8192 9P2000.L", &tag))
	require.NoError(t, err)
	_, err = c.Write(frames(t, `Tattach 0 NOFID "" "" NOUID`, &tag))
	require.NoError(t, err)
	calls = 0
	for range 2 {
		_, err = c.Write(bytes.Repeat(frames(t, "7 Tgetattr 0 0", &tag), many))
		require.NoError(t, err)
	}
	require.NoError(t, c.Close())
	reading.Wait()
	assert.Greater(t, calls, 4, "a batch takes several calls")
	assert.EqualValues(t, 2*(many-1), watch.Sins())
	assert.Contains(t, seen.lines, "WARN the client broke rules of 9P messages=6002 sins=5998 notes=1 broken=tag-in-use=5998 fids-left=1")
}

// counting counts calls of Process.
type counting struct {
	p9srv.Processor
	calls *int
}

func (c counting) Process(in, out []byte) (int, []byte, error) {
	*c.calls++
	return c.Processor.Process(in, out)
}

// TestALineSaysWhatWasBroken also how often a rule was, at the end.
func TestALineSaysWhatWasBroken(t *testing.T) {
	seen := newBroken()
	srv := &p9srv.Server{Log: slog.New(seen), Layer: new(Watch).Layer}
	c, err := srv.Connect()
	require.NoError(t, err)
	tag := uint16(0)
	for line := range strings.SplitSeq("NOTAG Tversion 8192 9P2000.L\n1 Tclunk 5\n2 Tclunk 5\n3 Tclunk 0 size:3", "\n") {
		_, _ = c.Write(frames(t, line, &tag)) // the last one ends the connection
	}
	require.NoError(t, c.Close())
	const unknown = "WARN a fid that stands for no file sin=fid-unknown rule=a fid must be valid in the session see=walk(5) message=Tclunk tag "
	assert.Equal(t, []string{
		"INFO connected",
		unknown + "1 fid 5",
		unknown + "2 fid 5",
		"WARN a message shorter than its head sin=frame-short rule=size counts the whole message: size, type, tag and body see=intro(5) size=3 msize=8192 type=Tclunk",
		"WARN connection ended error=frame shorter than its head: size 3",
		"WARN the client broke rules of 9P messages=3 sins=3 notes=0 broken=frame-short=1 fid-unknown=2",
	}, seen.lines)
}

func TestLongMessagesAreCutInTheLog(t *testing.T) {
	names := strings.Repeat(" ."+strings.Repeat("x", 200), 100)
	tag := uint16(0)
	text := line(frames(t, "Twalk 0 1"+names, &tag)).LogValue().String()
	assert.Len(t, text, mostText+len("..."))
}

func TestWhatAConnectionHoldsIsBounded(t *testing.T) {
	var s session
	for fid := range uint32(maxFiles + 10) {
		s.put(fid, &file{isDir: true})
	}
	assert.Len(t, s.files, maxFiles)
	assert.True(t, s.full)
	f := s.files[0]
	var entries []byte
	for i := range uint64(maxOffsets + 1) {
		entries = p9wire.AppendDirent(entries, p9.Dirent{Offset: i + 1, Name: "x"})
	}
	s.learnOffsets(f, entries)
	assert.True(t, f.full && f.gave(1<<40), "nothing is known of its offsets")
	assert.Zero(t, s.offsets)
	s.learnOffsets(s.files[1], entries[:2*(p9wire.DirentHead+1)])
	assert.Equal(t, 2, s.offsets)
	s.drop(1)
	assert.Zero(t, s.offsets)
}

func TestSettleWaitsForConnections(t *testing.T) {
	var watch Watch
	watch.Settle(t.Context())
	srv := &p9srv.Server{Layer: watch.Layer}
	c, err := srv.Connect()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	watch.Settle(ctx) // it has not ended
	var settled sync.WaitGroup
	settled.Go(func() { watch.Settle(t.Context()) })
	require.NoError(t, c.Close())
	settled.Wait()
}
