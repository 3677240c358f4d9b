package tests

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// misuse is English that must be read twice, and what to write instead.
type misuse struct {
	pattern *regexp.Regexp
	except  *regexp.Regexp // finds what is good English after all; nil: nothing
	instead string
}

var misuses = []misuse{
	{inText(`([Tt]here )?\b(is|are|was|were) no [a-z]+`), inText(`^[Tt]here|no (good|limit|log|longer|more|other)$`), `"is not a"`},
	{inText(`\bby turns\b`), nil, `"alternating"`},
	{inText(`\b[Hh](e|im|imself|is)\b`), nil, `the noun, "it", "its", "they" or "their"`},
	{inText(`\b([Tt]hose|[Ss]omebody|[Ss]omeone|[Aa]nybody|[Aa]nyone) (who|whom)\b`), nil, `a noun, such as "clients that"`},
	{inText(`\b[Aa]s whom\b`), nil, `a noun, such as "the user that"`},
	{inText(`\b[Tt]ells? ([a-z]+ )?apart\b`), nil, `"distinguishes"`},
	{inText(`\b(has|have|had|having) (it|them|nobody|(an?|the|its|each|every) [\w']+( [\w']+)?)` +
		` (act|called|closed|come|go|keep|killed|listen|load|loaded|made|make|print|reached|read|run|served|take|use|wait|write)\b`),
		inText(`\b(and|for|in|of|or|that|to|which|who)\b`), `who does it, such as "calls" or "tells it to close"`},
}

// inText returns a pattern in which a blank also finds the end of a line.
func inText(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(pattern, " ", `\s+`))
}

// passage is a comment, a string, or a Markdown file.
type passage struct {
	line int // of its start
	text string
}

// misusesIn returns a message for each misuse in a passage of a file.
func misusesIn(path string, p passage) (messages []string) {
	for _, m := range misuses {
		for _, at := range m.pattern.FindAllStringIndex(p.text, -1) {
			found := strings.Join(strings.Fields(p.text[at[0]:at[1]]), " ")
			if m.except == nil || !m.except.MatchString(found) {
				line := p.line + strings.Count(p.text[:at[0]], "\n")
				messages = append(messages, fmt.Sprintf("%s:%d: %q: write %s", path, line, found, m.instead))
			}
		}
	}
	return messages
}

// passagesOfGo returns the comments and strings of a Go file. Lines of a comment are one
// passage, unless code is before them.
func passagesOfGo(t *testing.T, source []byte) (passages []passage) {
	t.Helper()
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	code, next := 0, 0 // the last line of code, and the line after the last comment
	for pos, tok, text := s.Scan(); tok != token.EOF; pos, tok, text = s.Scan() {
		line := file.Line(pos)
		text, isComment := strings.CutPrefix(text, "//")
		switch {
		case isComment && line == next && code != line:
			passages[len(passages)-1].text += "\n" + text
		case tok == token.COMMENT || tok == token.STRING:
			passages = append(passages, passage{line, text})
		}
		if isComment && code != line {
			next = line + 1
		} else if !isComment && text != "\n" {
			code = line
		}
	}
	assert.Zero(t, s.ErrorCount)
	return passages
}

func TestEnglishIsUnderstoodAtTheFirstReading(t *testing.T) {
	files := 0
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		extension := filepath.Ext(path)
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git":
			return fs.SkipDir
		case entry.Name() == "english_test.go", extension != ".go" && extension != ".md":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		passages := []passage{{1, string(source)}}
		if extension == ".go" {
			passages = passagesOfGo(t, source)
		}
		for _, p := range passages {
			for _, message := range misusesIn(strings.TrimPrefix(path, "../"), p) {
				t.Error(message)
			}
		}
		return nil
	}))
	assert.Greater(t, files, 100)
}

func TestMisusesOfEnglishAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"a\nfile that is no\n device":                   `f.go:8: "is no device": write "is not a"`,
		"There was no error, and it is no longer there": "",
		"start has the server closed":                   `f.go:7: "has the server closed": write who does it, such as "calls" or "tells it to close"`,
		"it has the files that read wants":              "",
		"they run by turns":                             `f.go:7: "by turns": write "alternating"`,
		"Those who connect":                             `f.go:7: "Those who": write a noun, such as "clients that"`,
		"This is theirs":                                "",
	} {
		assert.Equal(t, want, strings.Join(misusesIn("f.go", passage{7, text}), "\n"))
	}
}
