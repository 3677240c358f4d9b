package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Parts of the errors of package flag.
const (
	noSuchFlag = "flag provided but not defined: -"
	noValue    = "flag needs an argument: -"
	outOfRange = "value out of range"
)

// badValue matches the error of package flag for a value that is not of the flag's type.
var badValue = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): `)

// oneLine returns the error for a wrong flag. It says what is wrong, what would be right, and
// where to read on. As OnUsageError it keeps the library from printing the whole help.
func oneLine(c *cli.Context, err error, _ bool) error {
	see, flags := "fullex --help", c.App.Flags
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != c.App.Name {
		see, flags = "fullex "+c.Command.Name+" --help", c.Command.Flags
	}
	return fmt.Errorf("%w (see %s)", flagError(flags, err), see)
}

// flagError returns the error of package flag in the words of this program.
func flagError(flags []cli.Flag, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, noSuchFlag); ok {
		name = strings.TrimLeft(name, "-")
		near := otherFlag(flags, name)
		if near == "" {
			near = cli.SuggestFlag(flags, name, false)
		}
		if near != "" {
			near = fmt.Sprintf(cli.SuggestDidYouMeanTemplate, near)
		}
		return errors.New("no flag " + dashed(name) + asked(near))
	}
	if name, ok := strings.CutPrefix(text, noValue); ok {
		return fmt.Errorf("%s: want a value, %s", dashed(name), valuesOf(flags, name))
	}
	found := badValue.FindStringSubmatch(text)
	switch {
	case found == nil:
		return err
	case strings.HasSuffix(text, outOfRange):
		return fmt.Errorf("%s %s: want a number nearer to 0", dashed(found[2]), found[1])
	}
	return fmt.Errorf("%s %s: want %s", dashed(found[2]), found[1], valuesOf(flags, found[2]))
}

// valuesOf describes the values that a flag takes.
func valuesOf(flags []cli.Flag, name string) string {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return "another value"
	}
	switch f := flags[i].(type) {
	case *cli.DurationFlag:
		return "a time with its unit, such as 30s or 1m30s"
	case *cli.IntFlag:
		return "a whole number"
	case *cli.Uint64Flag:
		return "a whole number from 0"
	case *cli.Float64Flag:
		return "a number"
	case *cli.BoolFlag:
		return "true or false"
	case cli.DocGenerationFlag:
		metavar, _ := metavarOf(f)
		return "such as " + dashed(name) + " " + metavar
	}
	return "another value"
}

// asked returns the library's question "Did you mean ...?" as the end of an error. Without a
// question it returns "".
func asked(question string) string {
	if question == "" {
		return ""
	}
	return ", did" + strings.TrimPrefix(question, "Did")
}
