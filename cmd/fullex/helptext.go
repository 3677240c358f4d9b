package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

const (
	helpWidth   = 80 // the longest line of a help text, in columns
	usageColumn = 26 // where the usages of flags and commands begin
)

func init() { cli.HelpPrinter = printHelp } // the library has only this variable for it

// printHelp implements cli.HelpPrinter. It does not use the library's template, which puts a
// flag on one line of any length.
func printHelp(w io.Writer, _ string, subject any) {
	var text bytes.Buffer
	switch subject := subject.(type) {
	case *cli.App:
		appHelp(&text, subject)
	case *cli.Command:
		commandHelp(&text, subject)
	}
	_, _ = w.Write(text.Bytes()) // a cli.HelpPrinter returns no error
}

// appHelp writes the help of the whole program.
func appHelp(w *bytes.Buffer, app *cli.App) {
	fmt.Fprintf(w, "%s: %s\n\nUSAGE: %s COMMAND [FLAG...] [ARGUMENT...]\n", app.Name, app.Usage, app.Name)
	prose(w, app.Description)
	fmt.Fprint(w, "\nCOMMANDS:\n")
	for _, category := range app.VisibleCategories() {
		fmt.Fprintf(w, "  %s:\n", category.Name())
		for _, c := range category.VisibleCommands() {
			entry(w, "     "+strings.Join(c.Names(), ", "), strings.Fields(c.Usage))
		}
	}
	flagHelp(w, app.VisibleFlags())
}

// commandHelp writes the help of a command.
func commandHelp(w *bytes.Buffer, c *cli.Command) {
	name := "fullex " + c.Name
	words := strings.TrimSpace("[FLAG...] " + c.ArgsUsage)
	fmt.Fprintf(w, "%s: %s\n\nUSAGE: %s %s\n", name, c.Usage, name, words)
	prose(w, c.Description)
	flagHelp(w, c.VisibleFlags())
}

// flagHelp writes a paragraph of flags.
func flagHelp(w *bytes.Buffer, flags []cli.Flag) {
	fmt.Fprint(w, "\nFLAGS:\n")
	for _, f := range flags {
		if f, ok := f.(cli.DocGenerationFlag); ok {
			metavar, usage := metavarOf(f)
			entry(w, "  "+spelled(f, metavar), append(strings.Fields(usage), defaultOf(f)...))
		}
	}
}

// spelled returns the names of a flag as a user writes them.
func spelled(f cli.DocGenerationFlag, metavar string) string {
	var names []string
	for _, name := range f.Names() {
		names = append(names, dashed(name))
	}
	return strings.TrimSpace(strings.Join(names, ", ") + " " + metavar)
}

// dashed returns the name of a flag with its dashes.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// metavarOf returns the word between back quotes in a flag's usage, which stands for the
// value. It also returns the usage without back quotes.
func metavarOf(f cli.DocGenerationFlag) (metavar, usage string) {
	usage = f.GetUsage()
	before, rest, ok := strings.Cut(usage, "`")
	if !ok {
		return "", usage
	}
	metavar, after, _ := strings.Cut(rest, "`")
	return metavar, before + metavar + after
}

// defaultOf returns the note on a flag's default, or nothing. The note is a single word, so
// that wrap keeps it on one line.
func defaultOf(f cli.DocGenerationFlag) []string {
	text := strings.Trim(f.GetDefaultText(), `"`)
	if !f.TakesValue() || text == "" {
		return nil
	}
	if minutes, ok := strings.CutSuffix(text, "m0s"); ok {
		text = minutes + "m"
	}
	return []string{"(default: " + text + ")"}
}

// entry writes a name and the words of its usage in two columns. A name that is too long
// for its column has a line of its own.
func entry(w *bytes.Buffer, name string, words []string) {
	if len(name) > usageColumn-2 {
		fmt.Fprintf(w, "%s\n%*s", name, usageColumn, "")
	} else {
		fmt.Fprintf(w, "%-*s", usageColumn, name)
	}
	wrap(w, words, usageColumn)
}

// prose writes a description. Paragraphs that begin with blanks are examples and keep their
// lines.
func prose(w *bytes.Buffer, text string) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		w.WriteByte('\n')
		if strings.HasPrefix(paragraph, " ") {
			fmt.Fprintln(w, paragraph)
		} else {
			wrap(w, strings.Fields(paragraph), 0)
		}
	}
}

// wrap writes words in lines that begin at column start. w is already at that column.
func wrap(w *bytes.Buffer, words []string, start int) {
	column := start
	for i, word := range words {
		switch {
		case i == 0:
		case column+1+len(word) > helpWidth:
			fmt.Fprintf(w, "\n%*s", start, "")
			column = start
		default:
			w.WriteByte(' ')
			column++
		}
		w.WriteString(word)
		column += len(word)
	}
	w.WriteByte('\n')
}
