package device

import "fmt"

// Identity says which opens count as the same client. It is comparable.
//
// The fields are what the way in knows about the caller; those that it does
// not know are zero on every open, so that they tell nobody apart.
type Identity struct {
	Peer    string // the connection, or the process that a transport vouches for
	UID     uint32 // the user at that peer
	Process uint32 // the process number that the caller named; 0: none
	Open    uint64 // number of this very open, so that each is its own client; 0: none
}

// User is who is behind an open, as the way in knows them. The opens of one
// attach share it. Its exported fields are immutable.
type User struct {
	Conn    string // names the connection
	Where   string // where it came from, for people: "unix uid=1000 pid=42"
	UID     uint32 // verified, or the label that the client chose
	Claimed uint32 // as the client said; 0xffffffff: nobody was named
	Vouched bool   // UID is verified
	Admin   bool   // may load and unload modules

	// openShare is the log's share for opens and closes of this user; Log.mu guards it.
	openShare *share
}

// Client is who opens a device file.
type Client struct {
	Identity
	User *User
	Door string // the way in, for people: "/", "/each" or "/pid"
}

// String returns the client for a log line.
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
