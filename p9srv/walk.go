package p9srv

import "syscall"

// walkName is the name that the library walks in place of any path. It keeps a
// node for each name it ever walked; so it has as many as the tree is deep.
const walkName = "x"

// walk answers Twalk. The front walks the names; the library only makes the
// newfid. If not all names exist, the reply has the qids of those that do and
// no fid is made (walk(5)).
func (f *front) walk(m message, out []byte) ([]byte, error) {
	body := cursor(m.body)
	fid, newFID, count := body.u32(), body.u32(), body.u16()
	from := f.fids.get(fid)
	switch {
	case from == nil:
		return out, syscall.EBADF
	case count > maxNames:
		return out, syscall.EINVAL
	case fid == newFID && from.opened:
		return out, syscall.EBUSY
	}
	if fid != newFID {
		if err := f.checkNewFID(newFID); err != nil {
			return out, err
		}
	}
	last, walked, err := f.walkNames(from.node, body, int(count))
	if err != nil {
		return out, err
	}
	if walked < int(count) {
		return f.appendWalk(out, m.tag, from.node, body, walked, nil), nil
	}
	made := &file{front: f, node: last, user: from.user}
	if count == 0 {
		made.statFolds = from.statFolds
	}
	start := len(out)
	out, err = f.enter(m.typ, m.tag, newFID, made, f.walkRequest(m, count > 0), out)
	if err != nil || !succeeded(out[start:], m.typ) {
		return out, err
	}
	return f.appendWalk(out[:start], m.tag, from.node, body, walked, &last), nil
}

// walkNames returns the node to which count names lead from one, or, if not all
// exist, how many do. A name that does not exist is an error only if it is the
// first; one that is not allowed is an error anywhere.
func (f *front) walkNames(at node, names cursor, count int) (last node, walked int, err error) {
	rest := names
	for range count {
		if err := checkName(rest.str()); err != nil {
			return node{}, 0, err
		}
	}
	for i := range count {
		next, err := at.walk(f.srv.Kernel, names.str())
		if err != nil && i == 0 {
			return node{}, 0, err
		}
		if err != nil {
			return node{}, i, nil
		}
		at = next
	}
	return at, count, nil
}

// walkRequest is a Twalk of the same fids with one name or none.
func (f *front) walkRequest(m message, named bool) []byte {
	b := begin(f.request[:0], twalk, m.tag)
	b = append(b, m.body[:8]...)
	if named {
		b = le.AppendUint16(b, 1)
		b = appendString(b, walkName)
	} else {
		b = le.AppendUint16(b, 0)
	}
	f.request = end(b, 0)
	return f.request
}

// appendWalk appends Rwalk with the qids of the first names, of which the
// library knows the last only. They are walked again rather than kept: a list
// of them would double the stack that every connection has for ever. Only the
// last can have gone away in between; if there is a fid for it, its node is
// given.
func (f *front) appendWalk(out []byte, tag uint16, at node, names cursor, walked int, last *node) []byte {
	start := len(out)
	out = begin(out, twalk+1, tag)
	out = le.AppendUint16(out, 0)
	n := uint16(0)
	for i := range walked {
		next, err := at.walk(f.srv.Kernel, names.str())
		if last != nil && i == walked-1 {
			next, err = *last, nil
		}
		if err != nil {
			break
		}
		at = next
		q := at.qid()
		out = append(out, byte(q.Type))
		out = le.AppendUint32(out, q.Version)
		out = le.AppendUint64(out, q.Path)
		n++
	}
	le.PutUint16(out[start+headerSize:], n)
	return end(out, start)
}
