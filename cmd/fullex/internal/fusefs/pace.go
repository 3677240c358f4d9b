package fusefs

import "time"

// pace counts how often a reader finds requests that were there already, and how often
// another reader was idle. It belongs to one reader.
type pace struct {
	waits    bool // as in loop
	prompt   int  // reads in a row that found a request
	needless int  // requests in a row for which another reader was idle
}

// took counts a read that took that long.
func (p *pace) took(d time.Duration) {
	if d > promptTime {
		p.prompt = 0
		return
	}
	p.prompt++
}

// grows reports whether there is work for another reader, and counts anew then.
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

// spared counts a request for which that many other readers were idle, and reports whether
// they are enough.
func (p *pace) spared(others int32) bool {
	if others == 0 {
		p.needless = 0
		return false
	}
	p.needless++
	return p.needless >= idleReads
}
