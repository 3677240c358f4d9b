package trace

import (
	"encoding/binary"

	"fullex/p9srv/wire"
)

// dataAt is where fid[4] offset[8] count[4] of Tread and Twrite end, in bytes.
const dataAt = wire.TwriteHead

// le is the byte order of 9P.
var le = binary.LittleEndian

// fidOf returns the fid with which the body of a request begins. Three types have none.
func fidOf(f wire.Frame) (fid uint32, ok bool) {
	switch f.Type() {
	case wire.Tversion, wire.Tauth, wire.Tflush:
		return 0, false
	}
	if len(f) < wire.HeadSize+4 {
		return 0, false
	}
	return le.Uint32(f.Body()), true
}

// walked returns how many names the server has walked, according to an Rwalk.
func walked(f wire.Frame) int { return f.Field("qids").Count() }
