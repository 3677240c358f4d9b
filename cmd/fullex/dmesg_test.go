package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNewLinesOfALog(t *testing.T) {
	for _, test := range []struct {
		name      string
		seen, now string
		fresh     string
		missed    bool
	}{
		{"first look", "", "ab", "ab", false},
		{"nothing new", "ab", "ab", "", false},
		{"new at the end", "ab", "abc", "c", false},
		{"old ones gone", "abc", "bcd", "d", false},
		{"all but one gone", "abc", "cde", "de", false},
		{"all gone", "abc", "def", "def", true},
		{"gone from the middle", "abcd", "adef", "ef", false},
		{"gone from the end", "abcd", "abef", "ef", false},
		{"gone everywhere", "abcdef", "bdgh", "gh", false},
		{"emptied", "abc", "", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			split := func(s string) []string { return strings.Split(s, "")[:len(s)] }
			fresh, missed := newLines(split(test.seen), split(test.now))
			assert.Equal(t, test.fresh, strings.Join(fresh, ""))
			assert.Equal(t, test.missed, missed)
		})
	}
}
