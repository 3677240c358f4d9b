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

	in  inBuffer // the request in hand
	out []byte   // and its reply
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
		for n, more := 0, true; more; n++ {
			g.answer(r)
			if n == maxBatch {
				break
			}
			r, more = g.conn.Poll(g.in[:])
		}
		g.conn.Flush()
	}
}

// answer answers one request. Where nothing can be said the buffers go back
// empty.
func (g *guest) answer(r vhostuser.Request) {
	g.out = g.reply(g.in[:min(r.Size, len(g.in))], r.Room, g.out[:0])
	reply := g.out
	if len(reply) > r.Room {
		reply = refuse(g.out[:0], le.Uint16(g.in[5:]), syscall.ENOBUFS)
	}
	err := g.conn.Push(r.Chain, reply)
	if err != nil && !errors.Is(err, vhostuser.ErrReset) && !errors.Is(err, io.EOF) {
		g.log.Error("answer a request", "error", err)
	}
}

// reply appends the reply to a request for which there is so much room. A request
// may be shorter than its buffers.
func (g *guest) reply(request []byte, room int, out []byte) []byte {
	if len(request) < headerSize || room < errorSize {
		g.log.Warn("a request without room for a tag or an error", "size", len(request), "room", room)
		return out
	}
	m := parseHead(request)
	size := le.Uint32(request)
	switch {
	case size > g.front.frameLimit():
		return refuse(out, m.tag, syscall.EMSGSIZE)
	case size < headerSize || size > uint32(len(request)):
		return refuse(out, m.tag, syscall.EINVAL)
	}
	request = request[:size]
	limitCount(request, room)
	reply, err := g.process(request, out)
	if err != nil {
		g.log.Error("the session has ended", "error", err)
		g.front.endSession()
		return refuse(out[:0], m.tag, syscall.EIO)
	}
	return reply
}

// process has the front answer a whole request.
func (g *guest) process(request, out []byte) (_ []byte, err error) {
	defer recoverDefect(g.log, &err)
	_, out, err = g.front.process(request, out)
	return out, err
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
