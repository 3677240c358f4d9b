package p9srv

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"

	"fullex/p9srv/vhostuser"
)

const vhostWorks = true

// guest is a connection of a virtual machine: it answers the requests of the
// machine's virtio-9p device. One goroutine runs it, which takes the requests off
// the ring itself.
//
// It never closes the socket while the machine runs, whatever the guest does, as
// QEMU would abort the machine: so no limit in time and no limit of connections
// is for it.
type guest struct {
	srv   *Server
	conn  *vhostuser.Conn
	log   *slog.Logger
	front front

	in     inBuffer                    // requests
	fill   int                         // bytes of those that wait for their reply
	chains [maxBatch]vhostuser.Request // theirs, in order
	n      int
	out    []byte // replies
}

// mountTag is VIRTIO_9P_MOUNT_TAG (Linux's include/uapi/linux/virtio_9p.h): the
// configuration has a tag.
const mountTag = 1 << 0

// newGuest starts to speak with a machine.
func newGuest(s *Server, socket vhostSocket, number uint64) served {
	p := guestPeer(socket.UnixConn, number, s.Identity)
	log := s.log.With("conn", number, "peer", p.where, "tag", socket.tag)
	device := &vhostuser.Device{Features: mountTag, Config: tagConfig(socket.tag), Log: log}
	return &guest{
		srv: s, conn: device.NewConn(socket.UnixConn), log: log,
		front: front{srv: s, peer: p, log: log}, out: make([]byte, 0, outSize),
	}
}

// tagConfig is struct virtio_9p_config: the tag behind its length.
func tagConfig(tag string) []byte {
	return append(le.AppendUint16(nil, uint16(len(tag))), tag...)
}

// guestPeer is the peer of a machine. The kernel vouches for the machine's
// process, and nobody for users in it.
func guestPeer(socket *net.UnixConn, number uint64, policy IdentityPolicy) peer {
	p := peer{conn: fmt.Sprintf("conn %d", number), own: uint32(ownerUID)}
	cred, err := unixPeer(socket, policy == IdentityPeer)
	if err != nil {
		p.where = "vhost-user, peer unknown: " + err.Error()
		return p
	}
	p.where, p.process = fmt.Sprintf("vhost-user uid=%d pid=%d", cred.uid, cred.pid), cred.process
	return p
}

// serve implements served.
func (g *guest) serve() {
	g.log.Info("a virtual machine has connected")
	err := g.answerAll()
	g.front.endSession()
	closeErr := g.conn.Close()
	if !errors.Is(err, io.EOF) || closeErr != nil {
		g.log.Error("the virtual machine's connection ended", "error", errors.Join(err, closeErr))
		return
	}
	g.log.Info("the virtual machine has disconnected")
}

// maxBatch is how many requests are answered before the guest is told.
const maxBatch = 64

// answerAll answers until the connection ends. A session ends with it, when the
// guest's driver is reset, and with Tversion, which the front sees to.
func (g *guest) answerAll() error {
	for {
		r, err := g.conn.Next(g.in[:])
		if errors.Is(err, vhostuser.ErrReset) {
			g.front.endSession()
			g.log.Info("the guest's driver was reset")
			continue
		}
		if err != nil {
			return err
		}
		for more := true; more; {
			g.take(r)
			if g.n == maxBatch {
				break
			}
			r, more = g.conn.Poll(g.in[g.fill:])
		}
		g.answerTaken()
		g.conn.Flush()
	}
}

// take puts a request, which is at g.in[g.fill], to those that wait for their
// reply, or refuses it. A run of messages costs the front half of what they cost
// one by one (BenchmarkGuest).
func (g *guest) take(r vhostuser.Request) {
	request := g.in[g.fill : g.fill+min(r.Size, len(g.in)-g.fill)]
	size, err := g.check(request, r.Room)
	if err != nil {
		g.answerTaken() // before it: replies leave in order
		g.refuse(r, request, err)
		return
	}
	limitCount(request[:size], r.Room)
	g.chains[g.n] = r
	g.fill, g.n = g.fill+size, g.n+1
}

// errNoAnswer is for a request with which nothing can be said: its buffers go
// back empty.
var errNoAnswer = errors.New("no tag, or no room for an error")

// check returns the size of a request for which there is so much room. It may be
// shorter than its buffers.
func (g *guest) check(request []byte, room int) (size int, err error) {
	if len(request) < headerSize || room < errorSize {
		return 0, errNoAnswer
	}
	n := le.Uint32(request)
	switch {
	case n > g.front.frameLimit():
		return 0, syscall.EMSGSIZE
	case n < headerSize || n > uint32(len(request)):
		return 0, syscall.EINVAL
	}
	return int(n), nil
}

// refuse answers a request that the front does not see.
func (g *guest) refuse(r vhostuser.Request, request []byte, err error) {
	g.log.Warn("a request that is no message", "error", err, "size", r.Size, "room", r.Room)
	if err == errNoAnswer {
		g.push(r, nil)
		return
	}
	g.push(r, refuse(g.out[:0], le.Uint16(request[5:]), err))
}

// answerTaken answers the requests that wait for it.
func (g *guest) answerTaken() {
	in, chains := g.in[:g.fill], g.chains[:g.n]
	g.fill, g.n = 0, 0
	for len(chains) > 0 {
		used, out, err := g.process(in)
		for ; len(out) > 0; chains = chains[1:] {
			size := le.Uint32(out)
			g.reply(chains[0], out[:size])
			out = out[size:]
		}
		in = in[used:]
		if err != nil || used == 0 {
			g.log.Error("the session has ended", "error", err)
			g.front.endSession()
			g.giveUp(chains, in)
			return
		}
	}
}

// process has the front answer whole requests.
func (g *guest) process(in []byte) (used int, _ []byte, err error) {
	defer recoverDefect(g.log, &err)
	used, out, err := g.front.process(in, g.out[:0])
	g.out = out[:0]
	return used, out, err
}

// giveUp answers what a session that has ended leaves.
func (g *guest) giveUp(chains []vhostuser.Request, in []byte) {
	for _, r := range chains {
		g.push(r, refuse(g.out[:0], le.Uint16(in[5:]), syscall.EIO))
		in = in[le.Uint32(in):]
	}
}

// reply gives a reply to the guest, if it has room for it.
func (g *guest) reply(r vhostuser.Request, reply []byte) {
	if len(reply) > r.Room {
		reply = refuse(nil, le.Uint16(reply[5:]), syscall.ENOBUFS)
	}
	g.push(r, reply)
}

// push fails where nobody waits for the answer any more.
func (g *guest) push(r vhostuser.Request, answer []byte) {
	err := g.conn.Push(r.Chain, answer)
	if err != nil && !errors.Is(err, vhostuser.ErrReset) && !errors.Is(err, io.EOF) {
		g.log.Error("answer a request", "error", err)
	}
}

// errorSize is that of Rlerror, the least room of any request.
const errorSize = headerSize + 4

// limitCount bounds the count of a Tread or Treaddir by the room for its reply:
// what is read from a deque is gone if it cannot be told.
func limitCount(request []byte, room int) {
	typ := msgType(request[4])
	if (typ != tread && typ != treaddir) || len(request) != treadFrame {
		return
	}
	count := request[treadFrame-4:]
	le.PutUint32(count, min(le.Uint32(count), uint32(room-rreadHead)))
}

// finish implements link.
func (g *guest) finish() error {
	g.log.Warn("a virtual machine is attached: what it has mounted here is dead from now on, and QEMU aborts it when it looks at the device again; stop it first")
	return g.cut()
}

// cut implements link. It does not wait, so that all machines end at once.
func (g *guest) cut() error { return g.conn.Close() }
