package upgrade

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
)

// State is what one program leaves to the next.
//
// The numbers in the tags name the fields in the encoded form. A number never gets a
// second meaning.
type State struct {
	Generation uint64      `cbor:"1,keyasint"` // of the program that saved the state; the first program is 1
	Frozen     int64       `cbor:"2,keyasint"` // when the pause began, in nanoseconds since 1970
	Program    string      `cbor:"3,keyasint"` // path of the new program
	Sources    []Source    `cbor:"4,keyasint"`
	Server     p9srv.Saved `cbor:"5,keyasint"`
}

// Source is where connections come from: a listener, or one inherited connection.
type Source struct {
	Endpoint string                  `cbor:"1,keyasint"` // text that endpoint.Parse accepts
	Listener *endpoint.SavedListener `cbor:"2,keyasint"` // nil: an inherited connection
	Conn     uint64                  `cbor:"3,keyasint"` // number of the inherited connection
}

// Format is the number of the format that Encode writes.
const Format = 1

// formats are the formats that Decode reads.
var formats = []uint32{Format}

// headWord begins an encoded state. The format follows as a little-endian uint32.
const headWord = "fullexST"

// errFormat reports a state in an unknown format.
var errFormat = errors.New("the state has a format that this program does not read")

// encoding encodes equal states as equal bytes.
var encoding = must(cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode())

// decoding limits the memory that an invalid state can make the decoder allocate.
var decoding = must(cbor.DecOptions{
	MaxArrayElements: 1 << 21, MaxMapPairs: 1 << 17, MaxNestedLevels: 16, IndefLength: cbor.IndefLengthForbidden,
	DupMapKey: cbor.DupMapKeyEnforcedAPF, TagsMd: cbor.TagsForbidden, UTF8: cbor.UTF8DecodeInvalid,
}.DecMode())

// must returns mode, or panics. The options of a mode are constants, so a mistake in them
// makes every test fail.
func must[Mode any](mode Mode, err error) Mode {
	if err != nil {
		panic(err)
	}
	return mode
}

// Encode returns the state as bytes.
func (s *State) Encode() ([]byte, error) {
	body, err := encoding.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	head := binary.LittleEndian.AppendUint32([]byte(headWord), Format)
	return append(head, body...), nil
}

// Decode reads a state in one of the known formats. Any bytes are safe to pass. It checks
// the encoding only; [fullex/p9srv.Server.Check] checks what the state means.
func Decode(b []byte) (*State, error) {
	rest, ok := bytes.CutPrefix(b, []byte(headWord))
	if !ok || len(rest) < 4 {
		return nil, fmt.Errorf("decode the state: it does not begin with %s and a format", headWord)
	}
	if format := binary.LittleEndian.Uint32(rest); !slices.Contains(formats, format) {
		return nil, fmt.Errorf("decode the state: %w: %d, want one of %v", errFormat, format, formats)
	}
	var s State
	if err := decoding.Unmarshal(rest[4:], &s); err != nil {
		return nil, fmt.Errorf("decode the state: %w", err)
	}
	return &s, nil
}

// ReadState reads r to its end and decodes the state.
func ReadState(r io.Reader) (*State, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return Decode(b)
}

// descriptors returns the numbers of the descriptors of all listeners and connections.
func (s *State) descriptors() []int {
	var list []int
	for _, source := range s.Sources {
		if source.Listener != nil {
			list = append(list, source.Listener.Descriptors()...)
		}
	}
	for _, c := range s.Server.Conns {
		list = append(list, c.Descriptor)
	}
	return list
}
