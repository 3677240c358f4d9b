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

// mountLine returns the shell command that mounts a server which listens at an endpoint. If
// there is none it returns a note instead.
func mountLine(ctx context.Context, e endpoint.Endpoint, dir string) string {
	hint := e.MountHint(ctx)
	if hint.Source == "" {
		return hint.Note
	}
	line := v9fs.Line(hint, dir)
	if hint.Note != "" {
		line += " (" + hint.Note + ")"
	}
	return line
}
