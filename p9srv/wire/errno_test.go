package wire

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestErrnoOfEachError(t *testing.T) {
	for errno, want := range errnos {
		assert.Equal(t, want, Errno(errno), errno.Error())
	}
	assert.EqualValues(t, 5, Errno(assert.AnError), "EIO for an error without errno")
	assert.EqualValues(t, 5, Errno(syscall.Errno(4000)), "EIO for an errno that is not in the table")
}
