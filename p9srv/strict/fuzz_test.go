package strict

import (
	"bytes"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	p9wire "fullex/p9srv/wire"
)

// spy is a layer around the watched connection. It compares what the watch returns with what
// the server returned, and messages that come one by one with the rules that they broke.
type spy struct {
	t       *testing.T
	server  *recorder
	watched *conn
	batch   bool
}

func (s *spy) Process(in, out []byte) (used int, _ []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // the server would only end the connection
			s.t.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	before, start := s.watched.broken, len(out)
	used, out, err = s.watched.Process(in, out)
	require.Equal(s.t, s.server.used, used)
	require.Equal(s.t, s.server.err, err)
	require.True(s.t, bytes.Equal(s.server.out, out[start:]))
	if !s.batch && used > 0 {
		s.check(p9wire.Frame(in[:used]), p9wire.Frame(out[start:]), before)
	}
	return used, out, err
}

// recorder is the server's own processor, and what it returned last.
type recorder struct {
	p9srv.Processor
	used int
	out  []byte
	err  error
}

func (r *recorder) Process(in, out []byte) (int, []byte, error) {
	start := len(out)
	r.used, out, r.err = r.Processor.Process(in, out)
	r.out = bytes.Clone(out[start:])
	return r.used, out, r.err
}

// inFlight are the rules that only a batch can break.
var inFlight = []rule{versionAwaited, tagInUse, tagFlushed, fidBeforeReply, fidBeforeRclunk}

// refused are the rules that the server enforces.
var refused = []rule{
	versionFirst, typeUnknown, malformed, fidUnknown, fidClunked, fidNoFID, newfidInUse, afidUnknown, namesTooMany, nameEmpty,
	nameDot, nameSlash, nameDotDot, walkDotDot, walkFromFile, openTwice, ioNotOpen, readDirectory, readdirFile,
}

// check compares what one message broke with what the server says of it.
func (s *spy) check(request, reply p9wire.Frame, before [ruleCount]uint64) {
	s.t.Helper()
	var now []rule
	for r := range ruleCount {
		if s.watched.broken[r] > before[r] {
			now = append(now, r)
			require.Equal(s.t, before[r]+1, s.watched.broken[r], "once a message")
		}
	}
	var isRefused bool
	for _, r := range now {
		require.NotContains(s.t, inFlight, r, "%s", request.Line())
		isRefused = isRefused || slices.Contains(refused, r)
	}
	if isRefused {
		require.Equal(s.t, p9wire.Rlerror, reply.Type(), "%v: %s", now, request.Line())
	}
	if typ := request.Type(); reply.Type() != p9wire.Rlerror || typ == p9wire.Tlock || typ == p9wire.Tgetlock {
		return
	}
	const badFID, protocolError = 9, 71 // EBADF, EPROTO
	if errno := reply.Field("errno").Uint(); errno == badFID || errno == protocolError {
		require.True(s.t, isRefused, "%s: errno %d", request.Line(), errno)
	}
}

// FuzzWatch feeds a watched connection any bytes. Whatever they are, the replies are those of
// the server, and one by one each message breaks the rules that the server enforces.
func FuzzWatch(f *testing.F) {
	for _, test := range sinful {
		f.Add(talkBytes(f, test.talk))
	}
	for _, talk := range sound {
		f.Add(talkBytes(f, talk))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		feed(t, in, &spy{t: t, batch: true})
		feed(t, in, &spy{t: t})
	})
}

func talkBytes(t testing.TB, talk string) (all []byte) {
	tag := uint16(0)
	for line := range strings.FieldsFuncSeq(talk, func(r rune) bool { return r == '\n' }) {
		all = append(all, frames(t, line, &tag)...)
	}
	return all
}

// feed sends bytes over a connection that the spy watches: all at once, or one by one.
func feed(t *testing.T, in []byte, s *spy) {
	var watch Watch
	srv := &p9srv.Server{Layer: func(p p9srv.Processor, way p9srv.Way) p9srv.Processor {
		s.server = &recorder{Processor: p}
		s.watched = watch.Layer(s.server, way).(*conn)
		return s
	}}
	c, err := srv.Connect()
	require.NoError(t, err)
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, c) })
	for rest := in; len(rest) > 0 && err == nil; {
		n := len(rest)
		if !s.batch {
			n = max(wholeFrame(rest), 1)
		}
		_, err = c.Write(rest[:n])
		rest = rest[n:]
	}
	require.NoError(t, c.Close())
	reading.Wait()
}
