package upgrade

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/tree"
)

var update = flag.Bool("update", false, "rewrite the golden state of the present format")

// text returns a pointer to s.
func text(s string) *string { return &s }

// full returns a state in which no field is zero.
func full() *State {
	session := &device.SavedSession{
		Module: "full_ex", File: "full_ex", ValueSize: 4, Identity: device.Identity{Peer: "conn 1", UID: 1000},
		Door: "/", Opened: 1_700_000_000_000_000_000, Calls: 5, Handle: []byte{3, 1, 0, 0, 0, 2, 0, 0, 0},
	}
	ended := &device.SavedSession{
		Module: "full_ex", File: "full_ex", ValueSize: 4, Identity: device.Identity{Peer: "conn 1", UID: 1000, Process: 7, Open: 9},
		Door: "/pid", Opened: 1_700_000_000_000_000_000, Calls: 1, Ended: 5,
	}
	const deviceFile, kmsg, sessions = 5 << 56, 7 << 56, 9 << 56
	return &State{
		Generation: 3, Frozen: 1_700_000_001_000_000_000, Program: "/usr/bin/fullex",
		Sources: []Source{
			{Endpoint: "unix:/run/fullex.sock", Listener: &endpoint.SavedListener{
				Descriptor: 5, Unix: &endpoint.SavedUnix{Directory: 6, Path: "/run/fullex.sock", Name: "fullex.sock", Device: 7, Inode: 8},
			}},
			{Endpoint: "fd:3", Conn: 1},
		},
		Server: p9srv.Saved{
			Kernel: device.Saved{
				Numbers: map[string]uint16{"minimal_proc_lkm": 1, "full_ex": 2}, Loaded: []string{"helloworld", "full_ex"},
				Log: device.SavedLog{
					Start: 1_600_000_000_000_000_000, Next: 12,
					Lines:  []device.SavedLine{{Number: 11, Source: device.SavedSource{Kind: 1, UID: 1000, Opens: true}, Text: "[    1.000000] full_ex: opened\n"}},
					Shares: []device.SavedShare{{Source: device.SavedSource{Kind: 1, UID: 1000, Opens: true}, Left: 62.5, Since: 1_700_000_000_000_000_000, Dropped: 2}},
				},
			},
			Tree: tree.Saved{Start: 1_600_000_000_000_000_000, Opens: 9}, Accepted: 4,
			Users: []tree.SavedUser{{Conn: "conn 1", Where: "unix uid=1000 pid=42", UID: 1000, Claimed: 1000, Vouched: true, Admin: true, Peer: "conn 1"}},
			Conns: []p9srv.SavedConn{{
				Descriptor: 9, Number: 1, Ours: true,
				Peer:  p9srv.SavedPeer{Where: "unix uid=1000 pid=42", Here: true, Vouched: true, UID: 1000, Process: "pid 42"},
				Msize: 65536, V9FS: true, Attached: true,
				FIDs: []p9srv.SavedFID{
					{Number: 1, File: tree.SavedFile{
						Path: deviceFile | 2<<32, Name: "full_ex", Perm: 0o666, Opened: true, Flags: 2, Session: session,
					}, StatFolds: 1, Extent: true, Pending: []p9srv.SavedRead{{Offset: 4, Least: 8, Most: 12}}},
					{Number: 2, File: tree.SavedFile{
						Path: deviceFile | 2<<48 | 2<<32 | 7, Name: "full_ex", Perm: 0o666, Opened: true, Flags: 2, Session: ended,
					}},
					{Number: 3, File: tree.SavedFile{
						Path: kmsg, Opened: true,
						Log: &device.SavedReader{From: 1, To: 12, Kept: 3, Line: 5, Count: 1, Piece: "a line\n", Offset: 40, Ended: true},
					}},
					{Number: 4, File: tree.SavedFile{Path: sessions, Opened: true, Listing: text("MODULE\n")}},
				},
				Extents: []p9srv.SavedExtent{{Path: deviceFile | 2<<32, End: 100}}, Folded: 200, Folds: 2,
				In: []byte{1, 2}, Out: []byte{3},
			}},
		},
	}
}

// server returns a new server, for Tried.
func server() (*p9srv.Server, error) {
	return &p9srv.Server{Kernel: device.NewKernel(device.Modules()...)}, nil
}

func TestDecodedStateEqualsTheEncodedState(t *testing.T) {
	b, err := full().Encode()
	require.NoError(t, err)
	s, err := Decode(b)
	require.NoError(t, err)
	assert.Equal(t, full(), s)
	again, err := s.Encode()
	require.NoError(t, err)
	assert.True(t, bytes.Equal(b, again), "equal states have equal bytes")
	made, err := server()
	require.NoError(t, err)
	require.NoError(t, made.Check(s.Server))
	assert.Equal(t, []int{5, 6, 9}, s.descriptors())
}

// TestEveryKnownFormatIsRead reads a golden state of each known format, as a program of that
// time wrote it. A golden state must not get fields that were added to its format later.
func TestEveryKnownFormatIsRead(t *testing.T) {
	present := filepath.Join("testdata", "format1.state")
	if *update {
		b, err := full().Encode()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(present, b, 0o644))
	}
	names, err := filepath.Glob("testdata/*.state")
	require.NoError(t, err)
	require.Len(t, names, len(formats))
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			require.NoError(t, err)
			s, err := Decode(b)
			require.NoError(t, err)
			assert.Equal(t, full(), s)
			made, err := server()
			require.NoError(t, err)
			require.NoError(t, made.Check(s.Server))
		})
	}
}

func TestInvalidBytesAreRefused(t *testing.T) {
	good, err := full().Encode()
	require.NoError(t, err)
	other := append([]byte(nil), good...)
	binary.LittleEndian.PutUint32(other[len(headWord):], Format+1)
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"nothing":               {nil, "it does not begin with fullexST"},
		"another file":          {[]byte("#!/bin/sh\n"), "it does not begin with fullexST"},
		"only the head":         {good[:len(headWord)+4], "EOF"},
		"half a state":          {good[:len(good)/2], "EOF"},
		"bytes after the state": {append(append([]byte(nil), good...), 0), "extraneous"},
		"another format":        {other, "a format that this program does not read: 2, want one of [1]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.bytes)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// FuzzState decodes any bytes. Neither Decode nor Check may panic, and a state that passes
// both can be encoded and decoded again.
func FuzzState(f *testing.F) {
	good, err := full().Encode()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			return
		}
		made, err := server()
		require.NoError(t, err)
		if made.Check(s.Server) != nil {
			return
		}
		assert.NotNil(t, made.Kernel.ListModules())
		again, err := s.Encode()
		require.NoError(t, err)
		_, err = Decode(again)
		require.NoError(t, err)
	})
}
