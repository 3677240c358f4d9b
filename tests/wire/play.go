package wire

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// Way is how the requests of a case are sent.
type Way struct {
	Piece     int  // bytes a write; 0: each request in one write
	Pipelined bool // all requests of a connection in one write, unless the case is marked in turn
}

// Play plays a case on connections that dial makes. If the server does not do what the case
// says, the error has the line.
func (c Case) Play(dial func() (net.Conn, error), way Way) (err error) {
	p := player{dial: dial, way: way, conns: make(map[string]*Conn), vars: make(Vars)}
	defer func() { err = errors.Join(err, p.close()) }()
	p.sent = way.Pipelined && !c.Marks[InTurn]
	if p.sent {
		if err := p.sendAll(c.steps); err != nil {
			return fmt.Errorf("%s:%d: %w", c.File, c.Line, err)
		}
	}
	line := c.Line
	for _, s := range c.steps {
		line = s.line
		if err := p.play(s); err != nil {
			return fmt.Errorf("%s:%d: %w", c.File, line, err)
		}
	}
	if err := p.probe(); err != nil {
		return fmt.Errorf("%s:%d: after this line: %w", c.File, line, err)
	}
	return nil
}

// player is a case that is being played.
type player struct {
	dial  func() (net.Conn, error)
	way   Way
	conns map[string]*Conn
	vars  Vars
	sent  bool // all requests were sent at the start
}

// conn returns the connection with a name. It makes the connection at the first call.
func (p *player) conn(name string) (*Conn, error) {
	if c := p.conns[name]; c != nil {
		return c, nil
	}
	raw, err := p.dial()
	if err != nil {
		return nil, err
	}
	c := NewConn(raw)
	c.Piece, c.Vars = p.way.Piece, p.vars
	p.conns[name] = c
	return c, nil
}

// sendAll sends all requests of each connection in one write.
func (p *player) sendAll(steps []step) error {
	all := make(map[*Conn][]byte)
	for _, s := range steps {
		c, err := p.conn(s.conn)
		if err != nil {
			return err
		}
		if s.does == sends {
			all[c] = append(all[c], c.tagged(s)...)
		}
	}
	for c, requests := range all {
		c.queue <- requests
	}
	return nil
}

func (p *player) play(s step) error {
	c, err := p.conn(s.conn)
	if err != nil {
		return err
	}
	if c.closed {
		return errors.New("the connection is closed")
	}
	switch s.does {
	case sends:
		if !p.sent {
			c.queue <- c.tagged(s)
		}
		return nil
	case closes:
		return c.Close()
	case gets:
		return c.expect(s)
	default:
		return c.expectEnd()
	}
}

// probe asks for one more reply on every connection. No other may come before it, and no
// request may be without a reply.
func (p *player) probe() error {
	const tag = "@0xfffe "
	for _, c := range p.conns {
		if c.closed {
			continue
		}
		if err := c.Send(tag + "Tflush 0xfffe"); err != nil {
			return err
		}
		frame, err := c.Receive()
		if err != nil {
			return err
		}
		if text, got := Decode(frame); got != 0xfffe {
			return fmt.Errorf("one reply too many: %q", text)
		}
		if len(c.open) > 1 {
			return fmt.Errorf("no reply to the requests with tags %v", c.open[:len(c.open)-1])
		}
	}
	return nil
}

func (p *player) close() error {
	var errs []error
	for _, c := range p.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Talk plays the lines of a case on this connection. The lines cannot name a connection.
func (c *Conn) Talk(lines string) error {
	cases, err := ParseTranscript("talk", strings.NewReader("== talk\n"+lines))
	if err != nil {
		return err
	}
	p := player{conns: map[string]*Conn{"": c}}
	for _, s := range cases[0].steps {
		if err := p.play(s); err != nil {
			return fmt.Errorf("line %d: %w", s.line-1, err)
		}
	}
	return nil
}
