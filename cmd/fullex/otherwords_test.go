package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/urfave/cli/v2"
)

func TestOtherWordsLeadToCommandsAndFlags(t *testing.T) {
	app := newApp(nil, nil, nil)
	flags := []string{"version"}
	for _, c := range app.Commands {
		flags = append(flags, allNames(c)...)
	}
	for word, command := range otherCommands {
		assert.Nil(t, app.Command(word), "%s is a command", word)
		if !strings.HasPrefix(command, "fullex --") {
			assert.NotNil(t, app.Command(command), command)
		}
	}
	for word, meant := range otherFlags {
		for _, flag := range meant {
			assert.Contains(t, flags, flag, word)
		}
		for _, c := range app.Commands {
			all := allNames(c)
			fitting := slices.DeleteFunc(slices.Clone(meant), func(flag string) bool { return !slices.Contains(all, flag) })
			assert.True(t, slices.Contains(all, word) || len(fitting) <= 1, "%s --%s may mean %v", c.Name, word, fitting)
		}
	}
}

func allNames(c *cli.Command) (names []string) {
	for _, f := range c.Flags {
		names = append(names, f.Names()...)
	}
	return names
}
