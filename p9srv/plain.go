package p9srv

import "fullex/device"

// Sizes of the frames that answerPlain takes and makes, in bytes.
const (
	treadFrame  = headerSize + treadSize
	twriteFrame = headerSize + twriteHead + device.ValueSize
	rreadFrame  = rreadHead + device.ValueSize
	rwriteFrame = headerSize + 4
)

// answerPlain answers the frames at the start of in that come by the million,
// Tread and Twrite of a value at an open device of values, up to the first with
// anything about it that needs a second look. It returns how many bytes those
// were.
//
// It is a short cut through answer, read and write, and must do what they do:
// the layers between took more than half of the time for a message
// (BenchmarkReadDepth).
func (f *front) answerPlain(in, out []byte) (used int, _ []byte) {
	var fid uint32
	var file *file // of fid; nil: not looked up yet
	for len(in) >= treadFrame && len(out) < flushSize && cap(out)-len(out) >= rreadFrame {
		size, typ := le.Uint32(in), msgType(in[4])
		isRead := typ == tread && size == treadFrame
		if !isRead && (typ != twrite || size != twriteFrame || len(in) < twriteFrame) {
			break
		}
		if next := le.Uint32(in[headerSize:]); file == nil || next != fid {
			fid, file = next, f.plainFile(next)
			if file == nil {
				break
			}
		}
		start := len(out)
		count := le.Uint32(in[treadFrame-4:])
		var err error
		if isRead {
			if !file.readable() {
				break
			}
			var n int
			reply := out[start : start+rreadFrame]
			n, err = f.holding.Read(reply[rreadHead : rreadHead+min(count, device.ValueSize)])
			out = reply32(out, tread+1, in, uint32(rreadHead+n), uint32(n))[:start+rreadHead+n]
		} else {
			if count != device.ValueSize || !file.writable() {
				break
			}
			var n int
			n, err = f.holding.Write(in[treadFrame:twriteFrame])
			out = reply32(out, twrite+1, in, rwriteFrame, uint32(n))
		}
		if err != nil {
			out = refuse(out[:start], le.Uint16(in[5:]), err)
		}
		in = in[size:]
		used += int(size)
	}
	return used, out
}

// plainFile returns the file of a fid and holds its session, if it is an open
// device of values, a value a read, and nil otherwise.
func (f *front) plainFile(fid uint32) *file {
	file := f.fids.get(fid)
	if file == nil || file.session == nil || file.valueSize != device.ValueSize || file.whole {
		return nil
	}
	f.hold(file.session)
	return file
}

// reply32 appends a reply of a size, to a request, that begins with a number. It
// does not look whether there is room.
func reply32(out []byte, typ msgType, request []byte, size, number uint32) []byte {
	start := len(out)
	reply := out[start : start+rwriteFrame]
	le.PutUint32(reply, size)
	reply[4], reply[5], reply[6] = byte(typ), request[5], request[6]
	le.PutUint32(reply[headerSize:], number)
	return out[:start+rwriteFrame]
}
