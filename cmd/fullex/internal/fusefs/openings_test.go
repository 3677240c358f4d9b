package fusefs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// graceTime is how long stays waits where nothing happens.
const graceTime = releaseSteps * releaseStep

func newOpenings() *openings { return &openings{claimed: make(map[claim]*opening)} }

// beginning begins a claim meanwhile.
func beginning(t *openings, c claim) <-chan *opening {
	begun := make(chan *opening, 1)
	go func() { begun <- t.begin(c) }()
	return begun
}

// assertWaits asserts that an opening does not begin for longer than the grace time.
func assertWaits(t *testing.T, begun <-chan *opening) {
	t.Helper()
	select {
	case <-begun:
		assert.Fail(t, "it began")
	case <-time.After(2 * graceTime):
	}
}

func TestDoorsOfProcesses(t *testing.T) {
	assert.Equal(t, []string{"each", "full_ex"}, door{name: "full_ex"}.path())
	assert.Equal(t, []string{"pid", "7", "full_ex"}, door{process: 7, name: "full_ex"}.path())
}

func TestClaimsAreOfOneProcess(t *testing.T) {
	s := newOpenings()
	first := s.begin(claim{name: "full_ex", process: process{7, 1}})
	first.confirm(door{process: 7, name: "full_ex"})
	for name, c := range map[string]claim{
		"another file":                  {name: "other", process: process{7, 1}},
		"another process":               {name: "full_ex", process: process{8, 1}},
		"a later process of the number": {name: "full_ex", process: process{7, 2}},
		"a user who names the number":   {name: "full_ex", process: process{number: 7}, uid: 7},
	} {
		o := s.begin(c)
		assert.Nil(t, o.before, name)
		s.end(o)
	}
	assert.Same(t, first, s.begin(first.claim).before, "its own")
}

func TestRefusedOpeningLeavesTheClaimToTheOneBefore(t *testing.T) {
	s := newOpenings()
	c := claim{name: "full_ex", process: process{7, 1}}
	first := s.begin(c)
	first.confirm(door{})
	for range 2 {
		second := s.begin(c)
		assert.Same(t, first, second.before)
		s.end(second)
	}
	second := s.begin(c)
	s.end(first)
	s.end(second)
	assert.Empty(t, s.claimed)
}

func TestOpeningThatReplacesAnotherOutlivesIt(t *testing.T) {
	s := newOpenings()
	c := claim{name: "full_ex", process: process{7, 1}}
	first := s.begin(c)
	first.confirm(door{})
	second := s.begin(c)
	second.confirm(door{}) // the session of the first went with its module
	s.end(first)
	assert.Same(t, second, s.claimed[c])
	s.end(second)
	assert.Empty(t, s.claimed)
}

func TestOpeningWaitsForOneThatIsDecided(t *testing.T) {
	for name, opened := range map[string]bool{"opened": true, "refused": false} {
		s := newOpenings()
		first := s.begin(claim{})
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
	for name, c := range map[string]struct {
		close, ready func(s *openings, o *opening)
	}{
		"that has come": {
			close: func(_ *openings, o *opening) { o.ending.Store(true) },
		},
		"that the kernel keeps": {
			close: func(s *openings, o *opening) { o.flushed.Store(true); s.ending.Store(manyReleases) },
			ready: func(s *openings, _ *opening) { s.ending.Store(0) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newOpenings()
			first := s.begin(claim{})
			first.confirm(door{})
			c.close(s, first)
			begun := beginning(s, claim{})
			assertWaits(t, begun)
			if c.ready != nil {
				c.ready(s, first)
			}
			s.end(first)
			assert.Nil(t, (<-begun).before)
		})
	}
}

func TestOpeningGivesUpOnAFileThatIsStillOpen(t *testing.T) {
	s := newOpenings()
	first := s.begin(claim{})
	first.confirm(door{})
	first.flushed.Store(true) // of a duplicate
	assert.Same(t, first, s.begin(claim{}).before)
}

func TestRareLinesAreRare(t *testing.T) {
	var r rare
	assert.True(t, r.isDue())
	assert.False(t, r.isDue())
	r.last = r.last.Add(-rarePause)
	assert.True(t, r.isDue())
}
