package main

import (
	_ "embed"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// release is the version of the last release, or of the first one to come. The commit
// that makes a release changes the file VERSION, and the release's tag is "v" and this text.
//
//go:embed VERSION
var release string

// revisionLength is how many digits of a commit's hash --version prints.
const revisionLength = 7

func init() { cli.VersionPrinter = printVersion } // the library has only this variable for it

// version returns the release, and in parentheses what the build stamp knows: the commit
// and its date, whether files were changed after it, and Go's version. A build by "go run",
// or outside a clone, has no commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return strings.TrimSpace(release)
	}
	return stamped(strings.TrimSpace(release), info)
}

// stamped returns a release with what a build stamp adds to it.
func stamped(release string, info *debug.BuildInfo) string {
	stamp := map[string]string{}
	for _, s := range info.Settings {
		stamp[s.Key] = s.Value
	}
	var details []string
	if revision := stamp["vcs.revision"]; revision != "" {
		details = append(details, revision[:min(len(revision), revisionLength)])
	}
	if date, _, ok := strings.Cut(stamp["vcs.time"], "T"); ok {
		details = append(details, date)
	}
	if stamp["vcs.modified"] == "true" {
		details = append(details, "modified")
	}
	details = append(details, info.GoVersion)
	return release + " (" + strings.Join(details, ", ") + ")"
}

// printVersion prints the line of --version, as GNU programs do.
func printVersion(c *cli.Context) {
	_, _ = c.App.Writer.Write([]byte(c.App.Name + " " + c.App.Version + "\n")) // a cli.VersionPrinter returns no error
}
