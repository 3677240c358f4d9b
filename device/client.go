package device

import "fmt"

// Identity says which opens count as the same client: those with equal identities.
// A field that the caller of Open does not know is zero on every open, so it
// distinguishes nobody. Identity is comparable.
type Identity struct {
	Peer    string `cbor:"1,keyasint"` // connection, or process that a transport vouches for
	UID     uint32 `cbor:"2,keyasint"` // user at that peer
	Process uint32 `cbor:"3,keyasint"` // process number that the client named; 0: none
	Open    uint64 `cbor:"4,keyasint"` // a number for this open alone, which makes it its own client; 0: none
}

// User is the user who opens files, as far as the server knows. All opens of one
// attach share a User. Its exported fields are immutable.
type User struct {
	Conn    string // name of the connection
	Where   string // origin of the connection, for people: "unix uid=1000 pid=42"
	UID     uint32 // verified user, or the number that the client chose
	Claimed uint32 // user that the client named; 0xffffffff: none
	Vouched bool   // UID is verified
	Admin   bool   // may load and unload modules

	// openShare is the share of the log for opens and closes of this user. Log.mu
	// guards it.
	openShare *share
}

// Client is a client that opens a device file.
type Client struct {
	Identity
	User *User
	Door string // directory through which the file is opened: "/", "/each" or "/pid"
}

// String returns a description of the client for a log line.
func (c Client) String() string {
	s := fmt.Sprintf("uid %d", c.User.UID)
	if c.User.Claimed == 0xffffffff && !c.User.Vouched {
		s = "nobody named"
	}
	if !c.User.Vouched {
		s += " (unverified)"
	}
	s += " at " + c.Door
	if c.Process != 0 {
		s += fmt.Sprintf("/%d", c.Process)
	}
	return s + ", " + c.User.Conn
}
