package contract

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Call is a line of a trace: a call and its recorded result.
type Call struct {
	Line int    // line number in the trace, from 1
	Name string // "open", "open again", "write", "read" or "close"
	Data []byte // bytes of a write
	Size int    // buffer size of a read, in bytes
	Want string // recorded result, such as "4 2bb9084b" or "EACCES"
}

// String returns the call in the form of a trace, without its result.
func (c Call) String() string {
	switch c.Name {
	case "write":
		return "write " + hex.EncodeToString(c.Data)
	case "read":
		return "read " + strconv.Itoa(c.Size)
	}
	return c.Name
}

// maxRead is the largest buffer of a read in a trace, in bytes.
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
