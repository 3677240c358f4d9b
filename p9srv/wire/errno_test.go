package wire

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestErrnoOfEachErrorOnTheWire(t *testing.T) {
	for errno, want := range errnos {
		assert.Equal(t, want, Errno(errno), errno.Error())
	}
	assert.EqualValues(t, 5, Errno(assert.AnError), "an error without errno is EIO")
	assert.EqualValues(t, 5, Errno(syscall.Errno(4000)), "and so is one that is not in the table")
}
