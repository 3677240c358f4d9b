package trace

// smallTags is how many tags have a place in a slice: clients count from 0 or 1.
const smallTags = 1024

// inFlight is the requests that are not answered, by tag.
type inFlight struct {
	small []*request
	large map[uint16]*request
}

func (f *inFlight) put(tag uint16, r *request) {
	if tag >= smallTags {
		if f.large == nil {
			f.large = make(map[uint16]*request)
		}
		f.large[tag] = r
		return
	}
	for int(tag) >= len(f.small) {
		f.small = append(f.small, nil)
	}
	f.small[tag] = r
}

// take returns a request and forgets it, or nil if there is none with that tag.
func (f *inFlight) take(tag uint16) *request {
	if tag >= smallTags {
		r := f.large[tag]
		delete(f.large, tag)
		return r
	}
	if int(tag) >= len(f.small) {
		return nil
	}
	r := f.small[tag]
	f.small[tag] = nil
	return r
}
