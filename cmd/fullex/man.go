package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// packageSource is the file whose comment is the general part of the manual page.
//
//go:embed doc.go
var packageSource string

func manCommand() *cli.Command {
	return &cli.Command{
		Name:         "man",
		Usage:        "print the manual page",
		Description:  "    fullex man > /usr/local/share/man/man8/fullex.8\n    fullex man | man -l -",
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			_, err := c.App.Writer.Write(manualPage(c.Lineage()[1].App))
			return err
		},
	}
}

// manualPage returns the page in the language of man(7). Its general part is the comment of
// this package, and the rest is what the commands' own help says.
func manualPage(app *cli.App) []byte {
	var page bytes.Buffer
	release, _, _ := strings.Cut(app.Version, " ")
	date := regexp.MustCompile(`\d{4}-\d\d-\d\d`).FindString(app.Version)
	fmt.Fprintf(&page, ".TH %s 8 \"%s\" \"%s %s\"\n", strings.ToUpper(app.Name), date, app.Name, release)
	page.WriteString(".ad l\n")
	fmt.Fprintf(&page, ".SH NAME\n%s \\- %s\n", app.Name, roff(app.Usage))
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B %s\n%s\n", app.Name, roff("COMMAND [FLAG...] [ARGUMENT...]"))
	intro, sections := packageText()
	page.WriteString(".SH DESCRIPTION\n")
	manProse(&page, intro)
	page.WriteString(".SH OPTIONS\n")
	manFlags(&page, app.VisibleFlags())
	manProse(&page, sections)
	page.WriteString(".SH COMMANDS IN DETAIL\n")
	for _, c := range app.VisibleCommands() {
		fmt.Fprintf(&page, ".SS %s\n", roff(strings.TrimSpace(app.Name+" "+c.Name+" [FLAG...] "+c.ArgsUsage)))
		manProse(&page, strings.ToUpper(c.Usage[:1])+c.Usage[1:]+".\n\n"+c.Description)
		flags := c.VisibleFlags()
		manFlags(&page, slices.DeleteFunc(flags, func(f cli.Flag) bool { return f == cli.HelpFlag }))
	}
	return page.Bytes()
}

// packageText returns the first paragraph and the sections of the package comment.
func packageText() (intro, sections string) {
	text, _, _ := strings.Cut(packageSource, "package main")
	text = regexp.MustCompile(`(?m)^// ?`).ReplaceAllString(text, "")
	intro, rest, _ := strings.Cut(strings.TrimPrefix(text, "Command "), "\n\n")
	_, sections, _ = strings.Cut(rest, "\n\n# ")
	return intro, "# " + sections
}

// manProse writes paragraphs: prose, a heading after "# ", or lines that begin with blanks.
func manProse(w *bytes.Buffer, text string) {
	space := "" // a heading makes its own
	for paragraph := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if heading, ok := strings.CutPrefix(paragraph, "# "); ok {
			fmt.Fprintf(w, ".SH %s\n", roff(strings.ToUpper(heading)))
			space = ""
			continue
		}
		switch {
		case row.MatchString(paragraph):
			manTable(w, paragraph)
		case strings.HasPrefix(paragraph, " "), strings.HasPrefix(paragraph, "\t"):
			w.WriteString(space)
			manExample(w, paragraph)
		default:
			w.WriteString(space)
			manText(w, strings.Fields(paragraph))
		}
		space = ".PP\n"
	}
}

// row matches a line of a table with two columns. The second column may continue in lines
// that begin with more blanks.
var row = regexp.MustCompile(`(?m)^[ \t]+(\S.*?)  +([^ #].*)$`)

// manTable writes a table as a list.
func manTable(w *bytes.Buffer, paragraph string) {
	for line := range strings.SplitSeq(paragraph, "\n") {
		text := strings.TrimSpace(line)
		if cells := row.FindStringSubmatch(line); cells != nil {
			fmt.Fprintf(w, ".TP\n\\fB%s\\fR\n", roff(cells[1]))
			text = cells[2]
		}
		manText(w, strings.Fields(text))
	}
}

// manExample writes the lines of an example as they are.
func manExample(w *bytes.Buffer, paragraph string) {
	w.WriteString(".RS 4\n.EX\n")
	for line := range strings.SplitSeq(paragraph, "\n") {
		fmt.Fprintln(w, roff(strings.TrimSpace(line)))
	}
	w.WriteString(".EE\n.RE\n")
}

// manFlags writes a list of flags.
func manFlags(w *bytes.Buffer, flags []cli.Flag) {
	for _, f := range flags {
		f := f.(cli.DocGenerationFlag)
		metavar, usage := metavarOf(f)
		fmt.Fprintf(w, ".TP\n\\fB%s\\fR", roff(spelled(f, "")))
		if metavar != "" {
			fmt.Fprintf(w, " \\fI%s\\fR", roff(metavar))
		}
		w.WriteByte('\n')
		manText(w, append(strings.Fields(usage), defaultOf(f)...))
	}
}

// plainWord matches a word that may be hyphenated. In a name a hyphen would mislead.
var plainWord = regexp.MustCompile(`^[("]*[A-Za-z][a-z]*[).,:;"]*$`)

// manText writes words that the formatter may put on other lines.
func manText(w *bytes.Buffer, words []string) {
	var escaped []string
	for _, word := range words {
		text := roff(word)
		if !plainWord.MatchString(word) {
			text = `\%` + text
		}
		escaped = append(escaped, text)
	}
	wrap(w, escaped, 0)
}

// roffEscapes keep the formatter from reading commands, and from printing other characters
// than a shell reads (groff_char(7), man-pages(7)).
var roffEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, `"`, `\(dq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// roff returns a text that is printed as it is, also at the begin of a line.
func roff(text string) string {
	text = roffEscapes.Replace(text)
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return text
}
