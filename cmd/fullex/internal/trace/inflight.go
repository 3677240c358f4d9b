package trace

// smallTags is the first large tag. Clients count tags from 0 or 1.
const smallTags = 1024

// inFlight has the requests that are not answered yet, by tag.
type inFlight struct {
	small []*request // the index is the tag
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

// take removes the request with a tag and returns it, or nil if there is none.
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
