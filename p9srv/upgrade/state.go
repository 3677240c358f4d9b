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
// The numbers in the tags name the fields in the encoded form. One is never used for
// another meaning.
type State struct {
	Generation uint64      `cbor:"1,keyasint"` // of the program that saved it; the first one is 1
	Frozen     int64       `cbor:"2,keyasint"` // when the pause began, in nanoseconds since 1970
	Program    string      `cbor:"3,keyasint"` // path of the program
	Sources    []Source    `cbor:"4,keyasint"`
	Server     p9srv.Saved `cbor:"5,keyasint"`
}

// Source is where connections come from: a listener, or one connection that was inherited.
type Source struct {
	Endpoint string                  `cbor:"1,keyasint"` // for people
	Listener *endpoint.SavedListener `cbor:"2,keyasint"` // nil: a connection
	Conn     uint64                  `cbor:"3,keyasint"` // number of the connection
}

// Format is the number of the format that is written.
const Format = 1

// formats are those that are read.
var formats = []uint32{Format}

// head is in front of the encoded state: the word, and the format as uint32, little-endian.
const headWord = "fullexST"

// errFormat says that the state has another format.
var errFormat = errors.New("the state has a format that this program does not read")

// encoding gives the same bytes for the same state.
var encoding = must(cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode())

// decoding bounds what a state may make the decoder allocate.
var decoding = must(cbor.DecOptions{
	MaxArrayElements: 1 << 21, MaxMapPairs: 1 << 17, MaxNestedLevels: 16, IndefLength: cbor.IndefLengthForbidden,
	DupMapKey: cbor.DupMapKeyEnforcedAPF, TagsMd: cbor.TagsForbidden, UTF8: cbor.UTF8DecodeInvalid,
}.DecMode())

// must returns a mode. Its options are constants: a wrong one stops every test.
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

// Decode reads a state of one of the known formats. It does not trust the bytes, but what
// they mean is checked by [fullex/p9srv.Server.Check] only.
func Decode(b []byte) (*State, error) {
	rest, ok := bytes.CutPrefix(b, []byte(headWord))
	if !ok || len(rest) < 4 {
		return nil, errors.New("decode the state: it does not begin as one")
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

// ReadState reads a state to the end of r.
func ReadState(r io.Reader) (*State, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return Decode(b)
}

// descriptors returns the numbers of all descriptors that the next program needs.
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
