package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// Groups of commands, in the order of the help.
const (
	toServe = "1. Serve"
	toMount = "2. Mount"
	toUse   = "3. Use a server, with or without a mount"
	toTest  = "4. Test"
	toLook  = "5. Look"
	toSetUp = "6. Set up"
)

// grouped puts commands into a group of the help and returns them.
func grouped(group string, commands ...*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.Category = group
		c.HideHelpCommand = true // else the library adds a help command to each
	}
	return commands
}

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:         "help",
		Aliases:      []string{"h"},
		Usage:        "print this help, or that of a command",
		ArgsUsage:    "[COMMAND]",
		Description:  "    fullex help serve",
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 0, 1)
			if err != nil {
				return err
			}
			app := c.Lineage()[1] // that of fullex itself
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
	if other, ok := otherCommands[word]; ok {
		return fmt.Errorf("no command %q, did you mean %q? (see fullex --help)", word, other)
	}
	var visible []*cli.Command
	for _, c := range app.Commands {
		if !c.Hidden {
			visible = append(visible, c)
		}
	}
	return fmt.Errorf("no command %q%s (see fullex --help)", word, asked(cli.SuggestCommand(visible, word)))
}
