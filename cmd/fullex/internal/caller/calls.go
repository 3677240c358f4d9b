package caller

import (
	"context"
	"errors"
	"os"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

var errNoSuchCall = errors.New("this call is not possible there")

// do does what a request asks of this process itself.
func (w *worker) do(r request) (a reply, err error) {
	w.mu.Lock()
	t, f := w.target, w.files[r.Handle]
	w.mu.Unlock()
	switch {
	case r.Op == opTarget:
		return w.aim(r.Path)
	case r.Op == opStart:
		return w.adopt(Start(w.command))
	case r.Op == opInherit:
		return w.keep(target.Inherited(inheritedFD), nil)
	case r.Handle > 0 && f == nil:
		return a, syscall.EBADF
	case r.Handle > 0:
		return w.byHandle(f, r)
	case t == nil:
		return a, errNoSuchCall
	}
	return w.byPath(t, r)
}

// aim opens the target that text names. Later calls are made there.
func (w *worker) aim(text string) (a reply, err error) {
	name, err := target.ParseName(text)
	if err != nil {
		return a, err
	}
	t, err := target.Open(context.Background(), name)
	if err != nil {
		return a, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = t
	return reply{Device: t.Device(), PID: os.Getpid()}, nil
}

// keep gives an open file a handle, and returns the reply. It returns an err that is not nil.
func (w *worker) keep(f target.File, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened++
	w.files[w.opened] = f
	return reply{N: w.opened}, nil
}

// byPath makes a call that names a file by its path.
func (w *worker) byPath(t target.Target, r request) (a reply, err error) {
	m, isMounted := t.(target.Mounted)
	switch {
	case r.Op == opOpen:
		return w.keep(t.Open(r.Path, r.Flags))
	case r.Op == opStat:
		a.Entry, err = t.Stat(r.Path)
	case r.Op == opList:
		a.Entries, err = t.List(r.Path)
	case r.Op == opNature && isMounted:
		a.Nature, err = m.Nature(r.Path)
	case r.Op == opTruncate && isMounted:
		err = m.Truncate(r.Path)
	case r.Op == opTouch && isMounted:
		err = m.Touch(r.Path)
	default:
		err = errNoSuchCall
	}
	return a, err
}

// byHandle makes a call at an open file.
func (w *worker) byHandle(f target.File, r request) (a reply, err error) {
	placed, isPlaced := f.(target.Placed)
	other, isOther := f.(target.OtherReads)
	described, isDescribed := f.(target.Described)
	// Spare capacity: the module reports 4 even if fewer bytes were asked for.
	p := make([]byte, r.Count, r.Count+contract.ValueSize)
	switch {
	case r.Op == opRead:
		a.N, err = f.Read(p)
	case r.Op == opWrite:
		a.N, err = f.Write(r.Data)
	case r.Op == opReadAt && isPlaced:
		a.N, err = placed.ReadAt(p, r.Offset)
	case r.Op == opWriteAt && isPlaced:
		a.N, err = placed.WriteAt(r.Data, r.Offset)
	case r.Op == opSubmit && isOther:
		a.N, err = other.Submit(p, r.Offset)
	case r.Op == opSend && isOther:
		a.N, err = other.Send(p)
	case r.Op == opClose:
		w.mu.Lock()
		delete(w.files, r.Handle)
		w.mu.Unlock()
		err = f.Close()
	case r.Op == opFork && isDescribed:
		return w.adopt(start(w.command, described))
	default:
		err = errNoSuchCall
	}
	a.Data = p[:min(max(a.N, 0), len(p))]
	return a, err
}
