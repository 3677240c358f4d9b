package tree

import (
	"testing"
	"time"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/tests/listing"
)

func TestGetAttrReturnsTheSizeOfATextOnlyIfAskedFor(t *testing.T) {
	tree := New(listing.Kernel(listing.Modules()...), time.Now())
	for name, isText := range map[string]bool{"kmsg": true, "modules": true, "sessions": true, "ctl": false, "full_ex": false, "pid": false} {
		for _, asked := range []p9.AttrMask{{}, {Mode: true, MTime: true}, {Size: true}, {Blocks: true}, p9.AttrMaskAll} {
			f, err := tree.Attach(&User{}, nil)
			require.NoError(t, err)
			require.NoError(t, f.Step([]byte(name)))
			_, valid, attr, err := f.GetAttr(asked)
			require.NoError(t, err)
			want := asked.Size || asked.Blocks
			assert.Equal(t, want || !isText, valid.Size, "%s, %+v", name, asked)
			assert.Equal(t, want || !isText, valid.Blocks, "%s, %+v", name, asked)
			assert.Equal(t, want && isText, attr.Size > 0, "%s, %+v", name, asked)
			assert.Equal(t, want && isText, attr.Blocks > 0, "%s, %+v", name, asked)
		}
	}
}

func TestSessionsToMeasureCountsWhatGetAttrLooksAt(t *testing.T) {
	kernel := listing.Kernel(listing.Modules()...)
	tree := New(kernel, time.Now())
	alice, bob := &User{User: device.User{UID: 1, Vouched: true}}, &User{User: device.User{UID: 2, Vouched: true}}
	admin := &User{User: device.User{Vouched: true, Admin: true}}
	for open := range uint64(3) {
		s, err := kernel.Open("full_ex", device.Client{User: &alice.User, Identity: device.Identity{Open: open + 1}})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
	}
	for who, want := range map[*User]int{alice: 3, bob: 0, admin: 3} {
		for name, sessions := range map[string]int{"sessions": want, "kmsg": 0, "modules": 0, "full_ex": 0, "each": 0} {
			f, err := tree.Attach(who, nil)
			require.NoError(t, err)
			require.NoError(t, f.Step([]byte(name)))
			assert.Equal(t, sessions, f.SessionsToMeasure(), name)
		}
		f, err := tree.Attach(who, nil)
		require.NoError(t, err)
		require.NoError(t, f.Step([]byte("sessions")))
		require.NoError(t, f.OpenWithin(ReadOnly, MaxText))
		assert.Zero(t, f.SessionsToMeasure(), "the length of an open file is known")
		f.Release()
	}
}
