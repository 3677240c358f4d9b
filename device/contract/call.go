package contract

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Call is a line of a trace.
type Call struct {
	Line int    // in the trace, from 1
	Name string // "open", "open again", "write", "read" or "close"
	Data []byte // of a write
	Size int    // of a read, in bytes
	Want string // the result as the trace has it
}

// String returns the call without its result, as the trace has it.
func (c Call) String() string {
	switch c.Name {
	case "write":
		return "write " + hex.EncodeToString(c.Data)
	case "read":
		return "read " + strconv.Itoa(c.Size)
	}
	return c.Name
}

// maxRead is the largest read that a trace may have, in bytes.
const maxRead = 32 << 20

func parseCall(line string) (Call, error) {
	call, want, ok := strings.Cut(line, " -> ")
	if !ok {
		return Call{}, fmt.Errorf("%q has no result", line)
	}
	c := Call{Name: call, Want: want}
	name, arg, _ := strings.Cut(call, " ")
	var err error
	switch {
	case call == "open", call == "open again", call == "close":
	case name == "write":
		c.Name = name
		c.Data, err = hex.DecodeString(arg)
	case name == "read":
		c.Name = name
		c.Size, err = strconv.Atoi(arg)
		if err == nil && (c.Size < 0 || c.Size > maxRead) {
			err = fmt.Errorf("read of %d bytes, want 0 to %d", c.Size, maxRead)
		}
	default:
		err = fmt.Errorf("no such call: %q", call)
	}
	return c, err
}
