package p9srv

import "fullex/device"

// Sizes of the frames that answerPlain makes and takes, in bytes.
const (
	treadFrame  = headerSize + treadSize
	twriteFrame = headerSize + twriteHead // and the data
	rreadFrame  = rreadHead + device.ValueSize
	rwriteFrame = headerSize + 4
)

// answerPlain answers the messages that come by the million: Tread and Twrite
// of a device of values, with nothing about them that needs a second look. It says
// false, and has done nothing, for all others, which answer takes.
//
// It is a short cut through answer, read and write, and must do what they do:
// the layers between took more than half of the time for a message
// (BenchmarkReadDepth).
func (f *front) answerPlain(frame, out []byte) ([]byte, bool) {
	if !f.plain || len(frame) < treadFrame || cap(out)-len(out) < rreadFrame {
		return out, false
	}
	typ := msgType(frame[4])
	if typ != tread && typ != twrite {
		return out, false
	}
	file := f.fids.get(le.Uint32(frame[headerSize:]))
	if file == nil || file.session == nil || file.valueSize != device.ValueSize {
		return out, false
	}
	if f.held != file.session {
		f.hold(file.session)
	}
	count := le.Uint32(frame[treadFrame-4:])
	start := len(out)
	reply := out[start : start+rreadFrame]
	reply[4], reply[5], reply[6] = byte(typ+1), frame[5], frame[6]
	size := rwriteFrame
	var n int
	var err error
	if typ == tread {
		if len(frame) != treadFrame || !file.readable() {
			return out, false
		}
		n, err = f.holding.Read(reply[rreadHead : rreadHead+min(count, rreadFrame-rreadHead)])
		size = rreadHead + n
	} else {
		if uint64(count) != uint64(len(frame)-twriteFrame) || !file.writable() {
			return out, false
		}
		n, err = f.holding.Write(frame[twriteFrame:])
	}
	if err != nil {
		return refuse(out, le.Uint16(frame[5:]), err), true
	}
	le.PutUint32(reply, uint32(size))
	le.PutUint32(reply[headerSize:], uint32(n))
	return out[:start+size], true
}
