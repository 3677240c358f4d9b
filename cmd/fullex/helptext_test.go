package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

func TestHelpFitsATerminal(t *testing.T) {
	helps := [][]string{{"help"}}
	for _, c := range newApp(nil, nil, nil).Commands {
		helps = append(helps, []string{"help", c.Name})
	}
	for _, args := range helps {
		out, _, err := run("", args...)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(out, "\n"), "%v", args)
		for line := range strings.Lines(out) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), helpWidth, "%v: %s", args, line)
		}
	}
}

func TestHelpOfACommandHasAnExample(t *testing.T) {
	for _, c := range newApp(nil, nil, nil).Commands {
		if !c.Hidden {
			assert.Contains(t, "\n"+c.Description, "\n    ", c.Name)
			assert.Contains(t, c.Description, "fullex "+c.Name, c.Name)
		}
	}
}

func TestFlagsNameTheirValues(t *testing.T) {
	for _, c := range newApp(nil, nil, nil).Commands {
		for _, f := range c.VisibleFlags() {
			f := f.(cli.DocGenerationFlag)
			metavar, usage := metavarOf(f)
			assert.Equal(t, f.TakesValue(), metavar != "", "%s %s", c.Name, f)
			assert.NotContains(t, usage, "`", "%s %s", c.Name, f)
			assert.Regexp(t, `^[a-zA-Z0-9]`, usage, "%s %s", c.Name, f)
		}
	}
}

func TestHelpOfFlags(t *testing.T) {
	out, _, err := run("", "help", "serve")
	require.NoError(t, err)
	for _, lines := range []string{
		"\n  --log-format FORMAT     write the log as FORMAT: text or json (default: text)\n",
		"\n  --handshake-timeout TIME\n                          disconnect a peer ",
		"\n                          (default: 3m)\n",
		"\n  --list-faults           list ",
		"\n  --help, -h              ",
	} {
		assert.Contains(t, out, lines)
	}
}

func TestWrongFlagsAreNamedInALine(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--max-conns", "x"}, `--max-conns "x": want a whole number (see fullex serve --help)`},
		{[]string{"serve", "--max-conns", "99999999999999999999"}, `--max-conns "99999999999999999999": want a number nearer to 0 (see fullex serve --help)`},
		{[]string{"serve", "--idle-timeout", "5"}, `--idle-timeout "5": want a time with its unit, such as 30s or 1m30s (see fullex serve --help)`},
		{[]string{"serve", "--trace=maybe"}, `--trace "maybe": want true or false (see fullex serve --help)`},
		{[]string{"serve", "--listen"}, `--listen: want a value, such as --listen ENDPOINT (see fullex serve --help)`},
		{[]string{"ls", "-l=2"}, `-l "2": want true or false (see fullex ls --help)`},
		{[]string{"check", "--seed", "-1"}, `--seed "-1": want a whole number from 0 (see fullex check --help)`},
		{[]string{"bench", "--rate", "fast"}, `--rate "fast": want a number (see fullex bench --help)`},
		{[]string{"--version=q"}, `--version "q": want true or false (see fullex --help)`},
	} {
		_, errs, err := run("", test.args...)
		assert.EqualError(t, err, test.want)
		assert.Empty(t, errs, "%v", test.args)
	}
}
