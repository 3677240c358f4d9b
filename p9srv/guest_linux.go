package p9srv

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/vhostuser"
	"fullex/p9srv/wire"
)

// guest serves one guest, a virtual machine that is connected by vhost-user. It answers the
// requests to the machine's virtio-9p device. One goroutine runs it and takes the requests
// off the ring itself.
//
// A guest never closes the socket while the machine runs, whatever the machine sends: QEMU
// would abort the machine. So time limits apply only to the messages of the front-end. One
// machine too many is refused before its first message.
type guest struct {
	srv    *Server
	socket endpoint.VhostConn
	log    *slog.Logger
	front  front
	turn   turn

	processor Processor // the front, or layers around it; immutable

	// mu guards conn and isCut, as any goroutine may call cut.
	mu    sync.Mutex
	conn  *vhostuser.Conn // nil until serve has made it
	isCut bool

	// Only serve uses the fields below, and makes the slices.
	in       []byte // requests, one after the other
	requests [maxBatch]vhostuser.Request
	answers  [maxBatch]vhostuser.Answer
	out      []byte // replies
}

// mountTag is VIRTIO_9P_MOUNT_TAG (Linux, include/uapi/linux/virtio_9p.h). It announces that
// the configuration contains a tag.
const mountTag = 1 << 0

// newGuest makes a guest over socket, which it closes in the end. It sends nothing yet.
func newGuest(s *Server, socket endpoint.VhostConn, number uint64) served {
	p := newPeer(socket, number, s.Identity)
	log := s.log.With("conn", number, "peer", p.Where, "tag", socket.Tag)
	g := &guest{srv: s, socket: socket, log: log, front: front{srv: s, peer: p, log: log}}
	g.processor = g.front.layered(nil)
	g.turn.of = &s.turns
	return g
}

// setUp makes the connection to the machine's front-end.
func (g *guest) setUp() (err error) {
	limits := g.srv.limits
	device := &vhostuser.Device{
		Features: mountTag, Config: tagConfig(g.socket.Tag), Log: g.log,
		Timeouts: vhostuser.Timeouts{First: limits.HandshakeTimeout, Rest: limits.FrameTimeout, Reply: limits.WriteTimeout},
	}
	g.in, g.out = make([]byte, maxMsize), make([]byte, 0, outSize)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isCut {
		return errors.Join(net.ErrClosed, g.refuse())
	}
	g.conn, err = device.NewConn(g.socket.UnixConn)
	return err
}

// tagConfig returns a struct virtio_9p_config: the length of the tag and the tag.
func tagConfig(tag string) []byte {
	return append(le.AppendUint16(nil, uint16(len(tag))), tag...)
}

// serve implements served.
func (g *guest) serve() {
	if err := g.setUp(); err != nil {
		if ignoreClosed(err) != nil {
			g.log.Warn("a virtual machine was refused", "error", err)
		}
		return
	}
	g.log.Info("a virtual machine has connected")
	err := g.answerAll()
	g.front.end()
	closeErr := g.conn.Close()
	if !errors.Is(err, io.EOF) || closeErr != nil {
		g.log.Error("the virtual machine's connection ended", "error", errors.Join(err, closeErr))
		return
	}
	g.log.Info("the virtual machine has disconnected")
}

// maxBatch is how many requests are answered before the machine gets the replies.
const maxBatch = 64

// answerAll answers requests until the connection ends. The 9P session ends then, and also
// when the machine's driver is reset. Tversion ends it, too: the front sees to that.
func (g *guest) answerAll() error {
	for {
		r, err := g.conn.Next(g.in)
		if errors.Is(err, vhostuser.ErrReset) {
			g.front.end()
			g.log.Info("the guest's driver was reset")
			continue
		}
		if err != nil {
			return err
		}
		g.requests[0] = r
		n := 1
		if r.Size < len(g.in) {
			n += g.conn.Poll(g.in[r.Size:], g.requests[1:])
		}
		g.answer(g.requests[:n])
	}
}

// answer answers the requests in g.in. It hands whole messages to the front together, which
// costs half of what it costs one by one (BenchmarkGuest).
func (g *guest) answer(requests []vhostuser.Request) {
	in := g.in
	for len(requests) > 0 {
		n, size := g.messages(requests, in)
		if n > 0 {
			g.answerMessages(requests[:n], in[:size])
			requests, in = requests[n:], in[size:]
			continue
		}
		size = min(requests[0].Size, len(in))
		g.answerOdd(requests[0], in[:size])
		requests, in = requests[1:], in[size:]
	}
}

// messages returns how many requests at the start are exactly one whole message each, and
// how many bytes these have. It stops after a Tversion.
func (g *guest) messages(requests []vhostuser.Request, in []byte) (n, size int) {
	for _, r := range requests {
		length, err := g.check(in[size:min(size+r.Size, len(in))], r.Room)
		if err != nil || length != r.Size {
			break
		}
		limitCount(in[size:size+length], r.Room)
		n, size = n+1, size+length
		if wire.Type(in[size-length+4]) == wire.Tversion {
			break // it may change the largest size of a message
		}
	}
	return n, size
}

// answerOdd answers a request that is not a message, or a message with more bytes after it.
func (g *guest) answerOdd(r vhostuser.Request, request []byte) {
	length, err := g.check(request, r.Room)
	if err == nil {
		limitCount(request[:length], r.Room)
		g.answerMessages([]vhostuser.Request{r}, request[:length])
		return
	}
	g.log.Warn("a request is not a message", "error", err, "size", r.Size, "room", r.Room)
	var answer []byte
	if err != errNoAnswer {
		answer = refuse(nil, le.Uint16(request[5:]), err)
	}
	g.push([]vhostuser.Answer{{Chain: r.Chain, Bytes: answer}})
}

// errNoAnswer reports a request that cannot be answered. Its buffers go back empty.
var errNoAnswer = errors.New("no tag, or no room for an error")

// check returns the size of the message at the start of request. The message may be shorter
// than request. Its reply may have room bytes. The error is errNoAnswer or an errno.
func (g *guest) check(request []byte, room int) (size int, err error) {
	if len(request) < wire.HeadSize || room < wire.RlerrorSize {
		return 0, errNoAnswer
	}
	n := le.Uint32(request)
	switch {
	case n > g.front.frameLimit():
		return 0, syscall.EMSGSIZE
	case n < wire.HeadSize || n > uint32(len(request)):
		return 0, syscall.EINVAL
	}
	return int(n), nil
}

// answerMessages answers requests that are whole messages. in contains their bytes.
func (g *guest) answerMessages(requests []vhostuser.Request, in []byte) {
	for len(requests) > 0 {
		g.turn.begin()
		used, out, err := g.process(in)
		rest := g.turn.add(g.front.work)
		n := 0
		for ; len(out) > 0; n++ {
			size := le.Uint32(out)
			g.answers[n] = vhostuser.Answer{Chain: requests[n].Chain, Bytes: fitting(out[:size:size], requests[n].Room)}
			out = out[size:]
		}
		g.push(g.answers[:n])
		g.srv.rest(rest)
		requests, in = requests[n:], in[used:]
		if err != nil || used == 0 {
			g.log.Error("the 9P session has ended", "error", err)
			g.front.endSession()
			g.giveUp(requests, in)
			return
		}
	}
}

// process calls the processor, with a backstop for defects.
func (g *guest) process(in []byte) (used int, _ []byte, err error) {
	defer recoverDefect(g.log, &err)
	used, out, err := g.processor.Process(in, g.out[:0])
	g.out = out[:0]
	return used, out, err
}

// giveUp answers the remaining requests with EIO after the front has failed.
func (g *guest) giveUp(requests []vhostuser.Request, in []byte) {
	for _, r := range requests {
		g.push([]vhostuser.Answer{{Chain: r.Chain, Bytes: refuse(nil, le.Uint16(in[5:]), syscall.EIO)}})
		in = in[le.Uint32(in):]
	}
}

// fitting returns reply, or ENOBUFS if reply has more than room bytes.
func fitting(reply []byte, room int) []byte {
	if len(reply) > room {
		return refuse(nil, le.Uint16(reply[5:]), syscall.ENOBUFS)
	}
	return reply
}

// push sends answers to the machine. It logs an error, unless the driver was reset or the
// machine has disconnected.
func (g *guest) push(answers []vhostuser.Answer) {
	err := g.conn.Push(answers...)
	if err != nil && !errors.Is(err, vhostuser.ErrReset) && !errors.Is(err, io.EOF) {
		g.log.Error("answer a guest", "error", err)
	}
}

// limitCount reduces the count of a Tread or Treaddir to the room for its reply. A popped
// value would be lost if its reply did not fit.
func limitCount(request []byte, room int) {
	typ := wire.Type(request[4])
	if (typ != wire.Tread && typ != wire.Treaddir) || len(request) != wire.TreadSize {
		return
	}
	count := request[wire.TreadSize-4:]
	le.PutUint32(count, min(le.Uint32(count), uint32(room-wire.RreadHead)))
}

// finish implements link.
func (g *guest) finish() error {
	g.log.Warn("a virtual machine is attached: its mount fails from now on, and QEMU aborts the machine when it uses the device again; stop the machine first")
	return g.cut()
}

// cut implements link.
func (g *guest) cut() error {
	g.mu.Lock()
	g.isCut = true
	conn := g.conn
	g.mu.Unlock()
	if conn == nil {
		return rights.Shut(g.socket) // serve closes it
	}
	return conn.Close()
}

// refuse implements served.
func (g *guest) refuse() error { return rights.Close(g.socket.UnixConn) }
