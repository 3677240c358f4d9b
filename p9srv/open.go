package p9srv

import (
	"context"
	"errors"
	"log/slog"
	"syscall"

	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// open answers Tlopen. For a device it starts a session.
func (f *front) open(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	flags := le.Uint32(m.Body()[4:])
	f.work += openWork
	err := fid.OpenWithin(flags, tree.MaxText-f.textSize)
	f.logOpen(fid, err)
	if err != nil {
		return out, err
	}
	f.textSize += fid.TextSize()
	f.work += listingWork * fid.TextSize()
	if session := fid.Session(); session != nil {
		fid.valueSize = uint32(session.ValueSize())
		f.extents.opened(f.v9fs, fid)
	}
	start := len(out)
	out = wire.AppendQID(wire.Begin(out, wire.Rlopen, m.Tag()), fid.Node().QID())
	return wire.End(wire.AppendU32(out, f.iounit()), start), nil
}

// logOpen logs an open of a device, and each refused open with its error.
func (f *front) logOpen(fid *fid, err error) {
	if errors.Is(err, syscall.ENFILE) && fid.Node().IsDevice() {
		f.warn("too many sessions", "limit", f.srv.Kernel.MaxSessions)
	}
	switch {
	case !f.debugs():
	case err != nil:
		f.log.Debug("open refused", "path", fid.Node().String(), "client", fid.Client().String(), "error", err)
	case fid.Session() != nil:
		f.log.Debug("open", "path", fid.Node().String(), "client", fid.Client().String())
	}
}

// debugs reports whether debug lines are logged. Making their values costs more than an open.
func (f *front) debugs() bool { return f.log.Enabled(context.Background(), slog.LevelDebug) }

// clunk closes and frees a fid.
func (f *front) clunk(number uint32, fid *fid) {
	f.closeFID(fid)
	f.fids.remove(number)
	f.srv.fids.Add(-1)
	fid.reset()
	f.spare = fid
}

// closeFID frees the session or text that the open of a fid made.
func (f *front) closeFID(fid *fid) {
	if fid.Session() != nil {
		f.extents.closed(fid)
		if f.debugs() {
			f.log.Debug("close", "path", fid.Node().String(), "client", fid.Client().String())
		}
	}
	f.textSize -= fid.TextSize()
	fid.Release()
}
