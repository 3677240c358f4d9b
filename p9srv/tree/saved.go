package tree

import (
	"errors"
	"fmt"
	"strings"

	"fullex/device"
)

// Saved is the state of a [Tree] without its files.
//
// The numbers in the tags here name the fields in the encoded form, as in device.Saved.
type Saved struct {
	Start int64  `cbor:"1,keyasint"` // nanoseconds since 1970
	Opens uint64 `cbor:"2,keyasint"` // opens so far through the door /each
}

// SavedUser is a [User].
type SavedUser struct {
	Conn    string `cbor:"1,keyasint"`
	Where   string `cbor:"2,keyasint"`
	UID     uint32 `cbor:"3,keyasint"`
	Claimed uint32 `cbor:"4,keyasint"`
	Vouched bool   `cbor:"5,keyasint"`
	Admin   bool   `cbor:"6,keyasint"`
	Peer    string `cbor:"7,keyasint"`
}

// SavedFile is a [File] without its user.
type SavedFile struct {
	Path    uint64               `cbor:"1,keyasint"` // qid.path
	Name    string               `cbor:"2,keyasint"` // of a device file
	Perm    uint16               `cbor:"3,keyasint"` // mode bits of a device file
	Opened  bool                 `cbor:"4,keyasint"`
	Flags   uint32               `cbor:"5,keyasint"`
	Session *device.SavedSession `cbor:"6,keyasint"` // of an opened device file
	Log     *device.SavedReader  `cbor:"7,keyasint"` // of an opened kmsg
	Listing *string              `cbor:"8,keyasint"` // of another opened text file
}

// Save returns the state of the tree without its files.
func (t *Tree) Save() Saved { return Saved{t.start.UnixNano(), t.opens.Load()} }

// Restore gives a new tree the state of the tree that was saved. Nobody may use the new
// tree until Restore has returned.
func (t *Tree) Restore(saved Saved) {
	t.start = device.RestoredTime(saved.Start)
	t.opens.Store(saved.Opens)
}

// Save returns the user in a form that can be encoded.
func (u *User) Save() SavedUser {
	return SavedUser{u.Conn, u.Where, u.UID, u.Claimed, u.Vouched, u.Admin, u.Peer}
}

// Restore returns the user.
func (s SavedUser) Restore() *User {
	return &User{Peer: s.Peer, User: device.User{
		Conn: s.Conn, Where: s.Where, UID: s.UID, Claimed: s.Claimed, Vouched: s.Vouched, Admin: s.Admin,
	}}
}

// Save returns the file without its user. Nobody may use the file until Save has returned.
// The error says that the module cannot save the file's session.
func (f *File) Save() (SavedFile, error) {
	saved := SavedFile{Path: f.node.Path(), Name: f.node.name, Perm: f.node.perm, Opened: f.opened, Flags: f.flags}
	switch text := f.text.(type) {
	case *device.LogReader:
		reader := text.Save()
		saved.Log = &reader
	case listingText:
		listing := text.text
		saved.Listing = &listing
	}
	if f.session == nil {
		return saved, nil
	}
	session, err := f.session.Save()
	saved.Session = &session
	return saved, err
}

// errSavedFile reports a saved file that no tree can have saved.
var errSavedFile = errors.New("invalid saved file")

// RestoreFile returns a new file in the state of the saved one, as a file of u. It returns
// an error if no file can have that state, or if its session cannot be restored.
func (t *Tree) RestoreFile(saved SavedFile, u *User) (File, error) {
	node, ok := At(saved.Path, func(uint16) string { return saved.Name })
	if !ok || node.Path() != saved.Path || node.IsDevice() != (saved.Name != "") {
		return File{}, fmt.Errorf("%w: there is no path %#x", errSavedFile, saved.Path)
	}
	node.perm = saved.Perm
	f := File{tree: t, node: node, user: u, opened: saved.Opened, flags: saved.Flags}
	if err := f.checkOpened(saved); err != nil {
		return File{}, err
	}
	var err error
	switch {
	case saved.Session != nil:
		f.session, err = t.kernel.RestoreSession(*saved.Session, &u.User)
	case saved.Log != nil:
		f.text, err = t.kernel.Log().RestoreReader(*saved.Log)
	case saved.Listing != nil:
		f.keepListing(*saved.Listing)
	}
	if err != nil {
		return File{}, err
	}
	return f, nil
}

// checkOpened returns an error unless the saved file has what an open of its kind makes: a
// session, a reader of the log, or a listing.
func (f *File) checkOpened(saved SavedFile) error {
	kind := f.node.kind
	lists := kind == modulesFile || kind == sessionsFile
	session, log, listing := saved.Session != nil, saved.Log != nil, saved.Listing != nil
	switch {
	case session != (saved.Opened && kind == deviceFile), log != (saved.Opened && kind == kmsgFile), listing != (saved.Opened && lists):
		return fmt.Errorf("%w: %s must have what an open makes exactly if it is open", errSavedFile, f.node)
	case saved.Flags&AccessMode == AccessMode:
		return fmt.Errorf("%w: %s is open with the access mode 3", errSavedFile, f.node)
	case session && saved.Session.File != f.node.name:
		return fmt.Errorf("%w: %s has a session of %s", errSavedFile, f.node, strings.ToValidUTF8(saved.Session.File, "?"))
	}
	return nil
}
