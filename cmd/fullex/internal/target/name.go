package target

import (
	"strings"

	"fullex/p9srv/endpoint"
)

// Name names a target: an endpoint, or a path.
type Name struct {
	endpoint endpoint.Endpoint // the zero Endpoint if it is a path
	path     string
}

// AtEndpoint names the server at an endpoint.
func AtEndpoint(e endpoint.Endpoint) Name { return Name{endpoint: e} }

// ParseName reads what a user writes. A path with a colon in its first element is
// written with "./" before it, as it would be an endpoint.
func ParseName(text string) (Name, error) {
	colon, slash := strings.IndexByte(text, ':'), strings.IndexByte(text, '/')
	if colon < 0 || slash >= 0 && slash < colon {
		return Name{path: text}, nil
	}
	e, err := endpoint.Parse(text)
	return AtEndpoint(e), err
}

// Endpoint returns the endpoint that is named, and false if it is a path.
func (n Name) Endpoint() (e endpoint.Endpoint, ok bool) {
	return n.endpoint, !n.endpoint.IsZero()
}

// Path returns the path that is named, or "".
func (n Name) Path() string { return n.path }

// String returns what ParseName reads.
func (n Name) String() string {
	if e, ok := n.Endpoint(); ok {
		return e.String()
	}
	return n.path
}
