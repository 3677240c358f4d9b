package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Groups of commands in the help, in its order there.
const (
	toServe = "1. Serve"
	toMount = "2. Mount"
	toUse   = "3. Use a server, with or without a mount"
	toTest  = "4. Test"
	toLook  = "5. Look"
	toSetUp = "6. Set up"
)

// grouped puts commands into a group of the help.
func grouped(group string, commands ...*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.Category = group
		c.HideHelpCommand = true // the library would give each one, and itself one, too
	}
	return commands
}

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:         "help",
		Aliases:      []string{"h"},
		Usage:        "print the help of fullex or of a command",
		ArgsUsage:    "[COMMAND]",
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 0, 1)
			if err != nil {
				return err
			}
			app := c.Lineage()[1] // the command line itself
			if len(args) == 0 {
				return cli.ShowAppHelp(app)
			}
			if c.App.Command(args[0]) == nil {
				return noSuchCommand(c.App, args[0])
			}
			return cli.ShowCommandHelp(app, args[0])
		},
	}
}

// noSuchCommand returns the error for an unknown command. It names the nearest one.
func noSuchCommand(app *cli.App, word string) error {
	var visible []*cli.Command
	for _, c := range app.Commands {
		if !c.Hidden {
			visible = append(visible, c)
		}
	}
	return fmt.Errorf("no command %q%s (see fullex --help)", word, asked(cli.SuggestCommand(visible, word)))
}

// noSuchFlag begins the flag package's error for a flag that is not there.
const noSuchFlag = "flag provided but not defined: -"

// oneLine keeps the library from printing the whole help after an error. For a flag that
// is not there it names the nearest one.
func oneLine(c *cli.Context, err error, _ bool) error {
	see, flags := "fullex --help", c.App.Flags
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != c.App.Name {
		see, flags = "fullex "+c.Command.Name+" --help", c.Command.Flags
	}
	if name, ok := strings.CutPrefix(err.Error(), noSuchFlag); ok {
		near := cli.SuggestFlag(flags, strings.TrimLeft(name, "-"), false)
		if near != "" {
			near = fmt.Sprintf(cli.SuggestDidYouMeanTemplate, near)
		}
		err = errors.New("no flag --" + strings.TrimLeft(name, "-") + asked(near))
	}
	return fmt.Errorf("%w (see %s)", err, see)
}

// asked is a question after what is wrong, or nothing.
func asked(question string) string {
	if question == "" {
		return ""
	}
	return ", did" + strings.TrimPrefix(question, "Did")
}
