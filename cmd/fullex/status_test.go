package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStatusToEndWith(t *testing.T) {
	plain := errors.New("plain")
	for _, test := range []struct {
		err    error
		status int
		tell   error
	}{
		{nil, 0, nil},
		{plain, 1, plain},
		{exitStatus{7, nil}, 7, nil},
		{exitStatus{127, plain}, 127, plain},
	} {
		status, tell := ending(test.err)
		assert.Equal(t, test.status, status)
		assert.Equal(t, test.tell, tell)
	}
	wrapped := fmt.Errorf("run: %w", exitStatus{3, nil})
	status, tell := ending(wrapped)
	assert.Equal(t, 3, status)
	assert.NoError(t, tell)
	assert.ErrorIs(t, exitStatus{3, plain}, plain)
	assert.Equal(t, "plain", exitStatus{3, plain}.Error())
}
