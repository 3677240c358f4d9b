package ninep

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strconv"

	"fullex/p9srv/wire"
)

// claimant is a connection that puts a user number into every Tattach that is
// written to it: the library's client names nobody (n_uname ~0), which a server
// must not take for root. The number is what the library has for the aname, which
// becomes empty. It also makes one write of each message, which the library
// writes in pieces, and one read, which the library does not. A write never fails.
//
// Reads and writes may run at the same time; writes may not, which the library
// sees to.
type claimant struct {
	conn io.ReadWriteCloser

	arrived *bufio.Reader
	message []byte // the part that was written so far
}

func newClaimant(conn io.ReadWriteCloser) *claimant {
	return &claimant{conn: conn, arrived: bufio.NewReader(conn)}
}

// Read implements io.Reader.
func (c *claimant) Read(p []byte) (int, error) { return c.arrived.Read(p) }

// Close implements io.Closer.
func (c *claimant) Close() error { return c.conn.Close() }

// Write implements io.Writer.
func (c *claimant) Write(p []byte) (int, error) {
	c.message = append(c.message, p...)
	for len(c.message) >= wire.HeadSize {
		size := int(wire.Size(c.message))
		if size > len(c.message) {
			break
		}
		whole := wire.Frame(c.message[:size])
		if whole.Type() == wire.Tattach {
			whole = withClaim(whole)
		}
		if _, err := c.conn.Write(whole); err != nil {
			// The library must not know: it would leave the request among those
			// that wait, and give its place to another. The end of the connection
			// it learns by reading.
			_ = c.conn.Close()
			c.message = c.message[:0]
			return len(p), nil
		}
		c.message = append(c.message[:0], c.message[size:]...)
	}
	return len(p), nil
}

// withClaim returns a Tattach for the root and the user whose number stands for
// the aname.
func withClaim(m wire.Frame) []byte {
	uid, err := strconv.ParseUint(string(m.Field("aname").Data()), 10, 32)
	if err != nil {
		return m // not one of Client.Attach
	}
	return wire.AppendAttach(nil, m.Tag(), uint32(m.Field("fid").Uint()), "", uint32(uid))
}

// ignoreClosed drops the error of closing twice.
func ignoreClosed(err error) error {
	if isClosed(err) {
		return nil
	}
	return err
}

// isClosed knows the words that sockets, files and pipes have for it.
func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
