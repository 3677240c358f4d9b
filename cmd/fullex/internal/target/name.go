package target

import (
	"strings"

	"fullex/p9srv/endpoint"
)

// Name is the name of a target: an endpoint or a path.
type Name struct {
	endpoint endpoint.Endpoint // the zero Endpoint if it is a path
	path     string
}

// AtEndpoint names the server at an endpoint.
func AtEndpoint(e endpoint.Endpoint) Name { return Name{endpoint: e} }

// AtPath names what is at a path, also if the path looks like an endpoint.
func AtPath(path string) Name { return Name{path: path} }

// ParseName parses a name as a user writes it. A path with a colon in its first element must
// begin with "./", because otherwise it would be an endpoint.
func ParseName(text string) (Name, error) {
	colon, slash := strings.IndexByte(text, ':'), strings.IndexByte(text, '/')
	if colon < 0 || slash >= 0 && slash < colon {
		return Name{path: text}, nil
	}
	e, err := endpoint.Parse(text)
	return AtEndpoint(e), err
}

// Endpoint returns the endpoint. ok is false if the name is a path.
func (n Name) Endpoint() (e endpoint.Endpoint, ok bool) {
	return n.endpoint, !n.endpoint.IsZero()
}

// Path returns the path, or "" if the name is an endpoint.
func (n Name) Path() string { return n.path }

// String returns the name in the form that ParseName parses.
func (n Name) String() string {
	if e, ok := n.Endpoint(); ok {
		return e.String()
	}
	return n.path
}
