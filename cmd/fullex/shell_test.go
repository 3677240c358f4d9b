package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompletion(t *testing.T) {
	assert.Equal(t, []string{"push", "pop"}, complete("p"))
	assert.Empty(t, complete("push 1"))
}
