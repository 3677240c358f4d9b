package wire

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	headSize = 7 // size[4] type[1] tag[2]
	noTag    = 0xffff

	// maxFrame is the largest frame that ReadFrame takes, in bytes.
	maxFrame = 16 << 20
)

// Decode returns the text of a frame, and its tag. A frame that is not a message of the
// table, or is malformed, has the text type:N hex:BODY.
func Decode(frame []byte) (text string, tag uint16) {
	if len(frame) < headSize {
		return "raw " + formatBytes(frame), noTag
	}
	name, words := decode(frame)
	return strings.Join(append([]string{name}, words...), " "), le.Uint16(frame[5:])
}

func decode(frame []byte) (name string, words []string) {
	if m := byType[frame[4]]; m != nil {
		if words, ok := m.decode(frame[headSize:]); ok {
			return m.name, words
		}
	}
	return "type:" + strconv.Itoa(int(frame[4])), []string{formatBytes(frame[headSize:])}
}

// decode returns the text of each field. It returns false if body is not exactly the fields.
func (m *message) decode(body []byte) (words []string, ok bool) {
	c := &cursor{rest: body}
	for _, f := range m.fields {
		switch {
		case f.count > 0:
			words = f.decodeList(c, words)
		case f.optional && len(c.rest) == 0:
		default:
			words = append(words, f.kind.decode(c))
		}
	}
	return words, !c.short && len(c.rest) == 0
}

func (f field) decodeList(c *cursor, words []string) []string {
	n := c.number(f.count)
	if !f.inBytes {
		for ; n > 0 && !c.short; n-- {
			words = append(words, f.kind.decode(c))
		}
		return words
	}
	items := &cursor{rest: c.take(n)}
	for len(items.rest) > 0 {
		words = append(words, f.kind.decode(items))
	}
	c.short = c.short || items.short
	return words
}

// ReadFrame reads one frame.
func ReadFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	size := le.Uint32(head)
	if size < headSize || size > maxFrame {
		return nil, fmt.Errorf("a frame of size %d", size)
	}
	frame := append(head, make([]byte, size-4)...)
	if _, err := io.ReadFull(r, frame[4:]); err != nil {
		return nil, fmt.Errorf("within a frame: %w", err)
	}
	return frame, nil
}
