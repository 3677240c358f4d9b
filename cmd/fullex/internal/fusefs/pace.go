package fusefs

import "time"

// pace counts a reader's prompt reads, and its requests during which another reader was
// idle. It belongs to one reader.
type pace struct {
	waits    bool // as in loop
	prompt   int  // prompt reads in a row
	needless int  // requests in a row during which another reader was idle
}

// took counts a read that took d.
func (p *pace) took(d time.Duration) {
	if d > promptTime {
		p.prompt = 0
		return
	}
	p.prompt++
}

// grows reports whether there is work for another reader. After true it counts from 0.
func (p *pace) grows() bool {
	enough := promptReads
	if p.waits {
		enough = promptReadsWaiting
	}
	if p.prompt < enough {
		return false
	}
	p.prompt = 0
	return true
}

// spared counts a request and reports whether one idle reader is enough. others is how many
// other readers were idle during the request.
func (p *pace) spared(others int32) bool {
	if others == 0 {
		p.needless = 0
		return false
	}
	p.needless++
	return p.needless >= idleReads
}
