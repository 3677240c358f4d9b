package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/urfave/cli/v2"
)

// TestFlagsSayWhichValuesShellsComplete compares what shells complete with the help.
func TestFlagsSayWhichValuesShellsComplete(t *testing.T) {
	for _, c := range newApp(nil, nil, nil).Commands {
		for _, f := range c.VisibleFlags() {
			name := f.Names()[0]
			if name == "fault" { // --list-faults has them
				continue
			}
			for _, value := range flagValues(c.Name, name) {
				assert.Contains(t, f.(cli.DocGenerationFlag).GetUsage(), value, "%s --%s", c.Name, name)
			}
		}
	}
}

func TestShellsCompleteValuesThatCommandsTake(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "--log-level"}, {"serve", "--log-format"}, {"serve", "--identity"}, {"serve", "--module"},
		{"run", "--log-level"}, {"check", "--profile"}, {"check", "--door"}, {"check", "--format"}, {"trace", "--format"}, {"mount", "--print"},
	} {
		app := newApp(nil, nil, nil)
		values := choicesAfter(app, args, "")
		assert.NotEmpty(t, values, args)
		for _, flag := range app.Command(args[0]).Flags {
			if d, ok := flag.(*cli.StringFlag); ok && "--"+d.Name == args[1] && d.Value != "" {
				assert.Contains(t, values, choice{d.Value, ""}, args)
			}
		}
	}
	assert.Len(t, flagValues("serve", "fault"), len(allFaults()))
}
