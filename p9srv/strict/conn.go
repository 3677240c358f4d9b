package strict

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"fullex/p9srv"
	"fullex/p9srv/wire"
)

// conn watches the messages of one connection. One goroutine uses it.
type conn struct {
	p9srv.Processor
	watch *Watch
	log   *slog.Logger

	talk
}

// talk is what a connection knows and forgets when it ends.
type talk struct {
	entered  bool // in watch
	messages uint64
	broken   [ruleCount]uint64 // how often
	reported uint64            // bits of the rules that the message in hand broke
	flight   flight
	session  session
	clunked  clunked
}

// Process implements p9srv.Processor.
func (c *conn) Process(in, out []byte) (used int, _ []byte, err error) {
	c.enter()
	start := len(out)
	used, out, err = c.Processor.Process(in, out)
	c.flight.begin()
	replies := out[start:]
	for requests := in[:used]; len(requests) > 0; {
		request, reply := cut(&requests), cut(&replies)
		if request == nil {
			break // no server uses a part of a frame
		}
		c.flight.take(len(request))
		c.messages, c.reported = c.messages+1, 0
		c.judge(request)
		c.learn(request, reply)
	}
	c.flight.finish(in[used:])
	if err != nil {
		c.judgeHead(in[used:])
	}
	return used, out, err
}

// enter lets the watch count the connection. A guest's can begin again.
func (c *conn) enter() {
	if !c.entered {
		c.entered = true
		c.watch.enter()
	}
}

// cut returns the whole frame at the start of b and cuts it off. It returns nil if there is
// none.
func cut(b *[]byte) wire.Frame {
	n := wholeFrame(*b)
	if n == 0 {
		return nil
	}
	frame := wire.Frame((*b)[:n])
	*b = (*b)[n:]
	return frame
}

// wholeFrame returns the size of the frame at the start of b, and 0 if b does not start with
// a whole one.
func wholeFrame(b []byte) int {
	if len(b) < wire.HeadSize {
		return 0
	}
	size := wire.Size(b)
	if size < wire.HeadSize || uint64(size) > uint64(len(b)) {
		return 0
	}
	return int(size)
}

// broke reports that a message broke a rule, once a message.
func (c *conn) broke(r rule, m wire.Frame) {
	if c.reported&(1<<r) == 0 {
		c.reported |= 1 << r
		c.report(r, "message", line(m))
	}
}

// report counts a broken rule and logs it.
func (c *conn) report(r rule, details ...any) {
	c.broken[r]++
	broken := &rules[r]
	level, severity := slog.LevelWarn, "sin"
	if broken.Note {
		level, severity = slog.LevelInfo, "note"
	} else {
		c.watch.sins.Add(1)
	}
	args := append([]any{severity, broken.Name, "rule", broken.Says, "see", broken.Source}, details...)
	c.log.Log(context.Background(), level, broken.Broken, args...)
}

// line is a message that becomes text only if it is logged.
type line wire.Frame

// mostText is the longest text of a message in the log, in bytes.
const mostText = 400

// LogValue implements slog.LogValuer.
func (l line) LogValue() slog.Value {
	text := wire.Frame(l).Line()
	if len(text) > mostText {
		text = text[:mostText] + "..."
	}
	return slog.StringValue(text)
}

// end logs what came of the connection.
func (c *conn) end() {
	if c.messages > 0 || c.broken != [ruleCount]uint64{} {
		c.sum()
	}
	if c.entered {
		c.watch.leave()
	}
	c.talk = talk{}
}

// sum logs how often each rule was broken.
func (c *conn) sum() {
	if n := len(c.session.files); n > 0 {
		c.report(fidsLeft, "fids", n)
	}
	var sins, notes uint64
	var list []string
	for r, n := range c.broken {
		if n == 0 {
			continue
		}
		list = append(list, fmt.Sprintf("%s=%d", rules[r].Name, n))
		if rules[r].Note {
			notes += n
		} else {
			sins += n
		}
	}
	level, text := slog.LevelInfo, "the client kept the rules of 9P"
	if sins > 0 {
		level, text = slog.LevelWarn, "the client broke rules of 9P"
	}
	c.log.Log(context.Background(), level, text, "messages", c.messages, "sins", sins, "notes", notes, "broken", strings.Join(list, " "))
}
