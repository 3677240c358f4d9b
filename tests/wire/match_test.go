package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRepliesThatMatchAndThatDoNot(t *testing.T) {
	tests := []struct {
		want, got string
		matches   bool
	}{
		{"Rclunk", "Rclunk", true},
		{"Rclunk", "Rflush", false},
		{"Rlerror EACCES", "Rlerror EACCES", true},
		{"Rlerror 13", "Rlerror EACCES", true},
		{"Rlerror EACCES", "Rlerror EINVAL", false},
		{"Rlerror *", "Rlerror EINVAL", true},
		{"Rread int:5", "Rread hex:05000000", true},
		{"Rread int:5", "Rread hex:0500000000", false},
		{"Rread hex:", `Rread ""`, true},
		{"Rwalk", "Rwalk", true},
		{"Rwalk", "Rwalk dir:1", false},
		{"Rwalk dir:* file:*", "Rwalk dir:1 file:2", true},
		{"Rwalk dir:* file:*", "Rwalk dir:1", false},
		{"Rwalk dir:*", "Rwalk dir:1 file:2", false},
		{"Rwalk * *", "Rwalk dir:1 file:2", true},
		{"Rwalk ...", "Rwalk dir:1 file:2", true},
		{"Rwalk dir:* ...", "Rwalk dir:1", true},
		{"Rattach file:*", "Rattach dir:1", false},
		{"Rattach dir:*", "Rattach dir:1:7", false},
		{"Rattach dir:*:*", "Rattach dir:1:7", true},
		{"Rattach dir:16", "Rattach dir:0x10", true},
		{"Rlopen file:* 65512", "Rlopen file:1 65512", true},
		{"Rlopen file:* 65512", "Rlopen file:1 65511", false},
		{"Rgetattr 0x7ff dir:* 040555 ...", "Rgetattr 2047 dir:1 16749 0 0 2 0 0 4096 0 0 0 0 0 0 0 0 0 0 0", true},
		{"Rgetattr 0x7ff dir:* 040555", "Rgetattr 2047 dir:1 16749 0 0 2 0 0 4096 0 0 0 0 0 0 0 0 0 0 0", false},
		{"Rreaddir .,1,*,dir:* a,2,8,file:3", "Rreaddir .,1,4,dir:1 a,2,8,file:3", true},
		{"Rreaddir a,*,*,file:*", "Rreaddir b,2,8,file:3", false},
		{`Rreadlink "*"`, `Rreadlink "*"`, true},
		{`Rreadlink "*"`, `Rreadlink a`, false},
		{"type:200 hex:01", "type:200 hex:01", true},
		{"type:200 hex:01", "type:200 hex:02", false},
	}
	for _, test := range tests {
		frame, err := Encode(test.got, 1)
		require.NoError(t, err, test.got)
		err = Vars{}.Match(test.want, frame)
		if test.matches {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, "want", "%s and %s", test.want, test.got)
		}
	}
}

func TestNamesStandForOneThingEach(t *testing.T) {
	v := Vars{}
	match := func(want, got string) error {
		frame, err := Encode(got, 1)
		require.NoError(t, err)
		return v.Match(want, frame)
	}
	assert.NoError(t, match("Rwalk dir:$a file:$b", "Rwalk dir:1 file:2"))
	assert.NoError(t, match("Rattach dir:$a", "Rattach dir:1"))
	assert.Error(t, match("Rattach dir:$a", "Rattach dir:2"), "a is 1")
	assert.Error(t, match("Rattach dir:$c", "Rattach dir:1"), "1 is a")
	assert.Error(t, Vars(nil).Match("Rattach dir:$a", nil))
	assert.NoError(t, match("Rattach dir:$c", "Rattach dir:3"))
}
