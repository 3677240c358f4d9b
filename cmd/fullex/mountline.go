package main

import (
	"context"

	"fullex/cmd/fullex/internal/quote"
	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv/endpoint"
)

// toCopy returns an endpoint as a word that a user can copy into a shell.
func toCopy(e endpoint.Endpoint) string {
	if e.IsBare() {
		return e.String()
	}
	return quote.Shell(e.String())
}

// mountLines returns the shell commands that mount a server which listens at an endpoint, as
// others reach it: one for everybody, and one for root.
func mountLines(ctx context.Context, e endpoint.Endpoint) string {
	const everybody, root = "  mount it: ", "  mount it (as root): "
	hint := e.MountHint(ctx)
	if hint.Source == "" {
		return everybody + hint.Note + "\n"
	}
	note := "\n"
	if hint.Note != "" {
		note = " (" + hint.Note + ")\n"
	}
	return everybody + "fullex mount " + quote.Shell(hint.Endpoint) + " DIR" + note + root + v9fs.Line(hint, "/mnt") + note
}
