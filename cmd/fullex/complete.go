package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/check"
	"fullex/device/contract"
	"fullex/p9srv"
)

// completeName is the command that the scripts of completion run.
const completeName = "complete"

// completeCommand takes the words of a command line up to the cursor, without the first. It
// prints what can stand in place of the last word, which may be empty: in each line a word,
// and after a tab what it means. Where it prints nothing, shells complete the names of files.
func completeCommand() *cli.Command {
	return &cli.Command{
		Name: completeName, Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			args := joinedAtEquals(c.Args().Slice())
			if len(args) == 0 {
				return nil
			}
			last := len(args) - 1
			for _, choice := range choicesAfter(c.Lineage()[1].App, args[:last], args[last]) {
				if !strings.HasPrefix(choice.word, args[last]) {
					continue
				}
				if _, err := fmt.Fprintf(c.App.Writer, "%s\t%s\n", choice.word, choice.meaning); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// joinedAtEquals removes the equals signs of flags. bash passes --flag=value as three words.
func joinedAtEquals(args []string) (joined []string) {
	for i, word := range args {
		switch {
		case word != "=" || i == 0 || !strings.HasPrefix(args[i-1], "--"):
			joined = append(joined, word)
		case i == len(args)-1: // the value is still empty
			joined = append(joined, "")
		}
	}
	return joined
}

// choice is a word that may come next, and what it means.
type choice struct{ word, meaning string }

// choicesAfter returns the choices after some words. begun is how the next one begins.
func choicesAfter(app *cli.App, words []string, begun string) []choice {
	if len(words) == 0 {
		return slices.Concat(commandChoices(app), flagChoices(app.VisibleFlags(), begun))
	}
	command := app.Command(words[0])
	if command == nil || command.Hidden {
		return nil
	}
	flag, operands, flags := parsed(command, words[1:])
	name, _, hasValue := strings.Cut(begun, "=")
	switch {
	case flag != "":
		return plainChoices("", flagValues(command.Name, flag))
	case flags && hasValue:
		return plainChoices(name+"=", flagValues(command.Name, strings.TrimLeft(name, "-")))
	case flags && strings.HasPrefix(begun, "-"):
		return flagChoices(append(command.VisibleFlags(), cli.HelpFlag), begun)
	}
	return operandChoices(app, command.Name, operands)
}

// parsed looks at the words after a command. It returns the flag whose value comes next, if
// any, the number of operands, and whether flags may still come: they precede operands.
func parsed(command *cli.Command, words []string) (flag string, operands int, flags bool) {
	for i, word := range words {
		switch {
		case flag != "":
			flag = ""
		case word == "--":
			return "", len(words) - i - 1, false
		case !strings.HasPrefix(word, "-"):
			return "", len(words) - i, false
		case takesValue(command, word):
			flag = strings.TrimLeft(word, "-")
		}
	}
	return flag, 0, true
}

// takesValue reports whether the word after a flag is its value.
func takesValue(command *cli.Command, word string) bool {
	return slices.ContainsFunc(command.Flags, func(f cli.Flag) bool {
		d, ok := f.(cli.DocGenerationFlag)
		return ok && d.TakesValue() && slices.Contains(f.Names(), strings.TrimLeft(word, "-"))
	})
}

// flagValues returns the values of a flag that takes no others. Of a fault it is the name.
func flagValues(command, flag string) []string {
	switch flag {
	case "fault":
		var names []string
		for _, f := range allFaults() {
			names = append(names, f.Name)
		}
		return names
	case "module":
		return moduleNames()
	case "log-level":
		return []string{"debug", "info", "warn", "error"}
	case "log-format":
		return []string{"text", "json"}
	case "identity":
		return []string{p9srv.IdentityUser.String(), p9srv.IdentityPeer.String()}
	case "profile":
		return contract.Profiles
	case "door":
		return check.Doors
	case "print":
		return []string{"mount", "fstab"}
	case "format":
		if command == "trace" {
			return []string{"text", "json"}
		}
		return check.Formats
	}
	return nil
}

// operandChoices returns the choices for the next operand of a command.
func operandChoices(app *cli.App, command string, operands int) []choice {
	switch {
	case command == "help" && operands == 0:
		return commandChoices(app)
	case command == "completion" && operands == 0:
		return plainChoices("", shells)
	case (command == "insmod" || command == "rmmod") && operands <= 1:
		return plainChoices("", moduleNames())
	}
	return nil
}

func commandChoices(app *cli.App) (choices []choice) {
	for _, c := range app.VisibleCommands() {
		choices = append(choices, choice{c.Name, c.Usage})
	}
	return choices
}

// flagChoices returns the flags, if a word begins as they do.
func flagChoices(flags []cli.Flag, begun string) (choices []choice) {
	if !strings.HasPrefix(begun, "-") {
		return nil
	}
	for _, f := range flags {
		_, usage := metavarOf(f.(cli.DocGenerationFlag))
		for _, name := range f.Names() {
			choices = append(choices, choice{dashed(name), usage})
		}
	}
	return choices
}

func plainChoices(before string, words []string) (choices []choice) {
	for _, word := range words {
		choices = append(choices, choice{before + word, ""})
	}
	return choices
}
