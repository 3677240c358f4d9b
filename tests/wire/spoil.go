package wire

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// spoilers are the values of add:, cut: and size:.
type spoilers struct {
	add  []byte
	cut  uint64
	size *uint32
}

// cutSpoilers removes them from the end of a line.
func cutSpoilers(words []string) (rest []string, s spoilers, err error) {
	for n := len(words); n > 0 && err == nil; n-- {
		what, value, _ := strings.Cut(words[n-1], ":")
		var number uint64
		switch what {
		case "add":
			s.add, err = hex.DecodeString(value)
		case "cut":
			s.cut, err = parseNumber(value, 4)
		case "size":
			number, err = parseNumber(value, 4)
			size := uint32(number)
			s.size = &size
		default:
			return words[:n], s, nil
		}
	}
	return nil, s, err
}

func (s spoilers) apply(frame []byte) ([]byte, error) {
	if s.cut > uint64(len(frame)-headSize) {
		return nil, fmt.Errorf("cut:%d of a body of %d bytes", s.cut, len(frame)-headSize)
	}
	frame = append(frame[:len(frame)-int(s.cut)], s.add...)
	size := uint32(len(frame))
	if s.size != nil {
		size = *s.size
	}
	le.PutUint32(frame, size)
	return frame, nil
}
