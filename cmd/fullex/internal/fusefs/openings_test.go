package fusefs

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// graceTime is how long stays waits for a release that does not come.
const graceTime = releaseSteps * releaseStep

func newOpenings() *openings {
	return &openings{claimed: make(map[claim]*opening), wait: func() {}}
}

// mustBegin begins a claim whose context does not end.
func (t *openings) mustBegin(c claim) *opening {
	o, err := t.begin(background, c)
	if err != nil {
		panic(err)
	}
	return o
}

// beginning begins a claim in the background.
func beginning(t *openings, c claim) <-chan *opening {
	begun := make(chan *opening, 1)
	go func() { begun <- t.mustBegin(c) }()
	return begun
}

// assertWaits asserts that an opening does not begin within twice the grace time.
func assertWaits(t *testing.T, begun <-chan *opening) {
	t.Helper()
	select {
	case <-begun:
		assert.Fail(t, "the opening has begun")
	case <-time.After(2 * graceTime):
	}
}

func TestPathsOfDoors(t *testing.T) {
	assert.Equal(t, []string{"each", "full_ex"}, door{name: "full_ex"}.path())
	assert.Equal(t, []string{"pid", "7", "full_ex"}, door{process: 7, name: "full_ex"}.path())
}

func TestClaimBelongsToOneProcess(t *testing.T) {
	s := newOpenings()
	first := s.mustBegin(claim{name: "full_ex", process: process{7, 1}})
	first.confirm(door{process: 7, name: "full_ex"})
	for name, c := range map[string]claim{
		"another file":                  {name: "other", process: process{7, 1}},
		"another process":               {name: "full_ex", process: process{8, 1}},
		"a later process of the number": {name: "full_ex", process: process{7, 2}},
		"a user that names the number":  {name: "full_ex", process: process{number: 7}, uid: 7},
	} {
		o := s.mustBegin(c)
		assert.Nil(t, o.before, name)
		s.end(o)
	}
	assert.Same(t, first, s.mustBegin(first.claim).before, "the same claim")
}

func TestRefusedOpeningLeavesTheClaimToTheOneBefore(t *testing.T) {
	s := newOpenings()
	c := claim{name: "full_ex", process: process{7, 1}}
	first := s.mustBegin(c)
	first.confirm(door{})
	for range 2 {
		second := s.mustBegin(c)
		assert.Same(t, first, second.before)
		s.end(second)
	}
	second := s.mustBegin(c)
	s.end(first)
	s.end(second)
	assert.Empty(t, s.claimed)
}

func TestOpeningThatReplacesAnotherOutlivesIt(t *testing.T) {
	s := newOpenings()
	c := claim{name: "full_ex", process: process{7, 1}}
	first := s.mustBegin(c)
	first.confirm(door{})
	second := s.mustBegin(c)
	second.confirm(door{}) // the session of the first went with its module
	s.end(first)
	assert.Same(t, second, s.claimed[c])
	s.end(second)
	assert.Empty(t, s.claimed)
}

func TestOpeningWaitsUntilTheServerHasAnsweredAnother(t *testing.T) {
	for name, opened := range map[string]bool{"opened": true, "refused": false} {
		s := newOpenings()
		first := s.mustBegin(claim{})
		begun := beginning(s, claim{})
		assertWaits(t, begun)
		if opened {
			first.confirm(door{})
			assert.Same(t, first, (<-begun).before, name)
			continue
		}
		s.end(first)
		assert.Nil(t, (<-begun).before, name)
	}
}

func TestOpeningWaitsForARelease(t *testing.T) {
	s := newOpenings()
	first := s.mustBegin(claim{})
	first.confirm(door{})
	first.flushed.Store(true)
	begun := beginning(s, claim{})
	time.Sleep(releaseStep)
	s.end(first)
	assert.Nil(t, (<-begun).before)
}

func TestWaitForAnOpeningCanBeInterrupted(t *testing.T) {
	for name, opened := range map[string]bool{"that the server has not answered": false, "that may be released": true} {
		s := newOpenings()
		first := s.mustBegin(claim{})
		first.flushed.Store(true)
		if opened {
			first.confirm(door{})
		}
		waits := make(chan struct{})
		s.wait = func() { close(waits) }
		interrupt := make(chan struct{})
		go func() {
			<-waits
			close(interrupt)
		}()
		_, err := s.begin(interruption(interrupt), claim{})
		assert.ErrorIs(t, err, context.Canceled, name)
		assert.Same(t, first, s.claimed[claim{}], name)
	}
}

func TestOpeningGivesUpOnAFileThatIsStillOpen(t *testing.T) {
	s := newOpenings()
	first := s.mustBegin(claim{})
	first.confirm(door{})
	first.flushed.Store(true) // a duplicate of its descriptor was closed
	assert.Same(t, first, s.mustBegin(claim{}).before)
	assert.False(t, first.flushed.Load(), "the next open waits only one step")
}

func TestLogLinesOfOneKindAreRare(t *testing.T) {
	var r rare
	assert.True(t, r.isDue())
	assert.False(t, r.isDue())
	r.last = r.last.Add(-rarePause)
	assert.True(t, r.isDue())
}
