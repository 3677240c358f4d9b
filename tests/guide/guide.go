// Package guide reads the code blocks of the project's Markdown files, so that tests can
// run what these promise.
//
// A fence may have words after the language, which Markdown does not show. They are the
// marks of its block.
package guide

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Block is a code block.
type Block struct {
	Line     int // of its fence, from 1
	Language string
	Marks    []string
	Text     string // with a line end after each line
	Output   string // the text block that comes next, before another block or a heading; "": none
}

// Has reports whether the block has a mark.
func (b Block) Has(mark string) bool {
	_, ok := b.Value(mark)
	return ok
}

// Value returns what follows the equals sign of a mark, and whether the block has that
// mark.
func (b Block) Value(mark string) (value string, ok bool) {
	for _, m := range b.Marks {
		if name, value, _ := strings.Cut(m, "="); name == mark {
			return value, true
		}
	}
	return "", false
}

const fence = "```"

// Read returns the blocks of a Markdown file in order. A text block that is the output of
// the sh block before it is part of that one.
func Read(path string) ([]Block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks []Block
	inside, mayHaveOutput := false, false
	for i, line := range strings.Split(string(text), "\n") {
		info, isFence := strings.CutPrefix(line, fence)
		switch {
		case isFence && !inside:
			inside = true
			language, marks, _ := strings.Cut(info, " ")
			blocks = append(blocks, Block{Line: i + 1, Language: language, Marks: strings.Fields(marks)})
		case isFence:
			inside = false
			blocks, mayHaveOutput = joined(blocks, mayHaveOutput)
		case inside:
			blocks[len(blocks)-1].Text += line + "\n"
		case strings.HasPrefix(line, "#"):
			mayHaveOutput = false
		}
	}
	if inside {
		return nil, fmt.Errorf("%s: the last block has no end", path)
	}
	return blocks, nil
}

// joined makes the last block the output of the one before, if it is that. It reports
// whether a text block that comes next is the output of the last block.
func joined(blocks []Block, mayBeOutput bool) ([]Block, bool) {
	last := len(blocks) - 1
	if mayBeOutput && blocks[last].Language == "text" {
		blocks[last-1].Output = blocks[last].Text
		return blocks[:last], false
	}
	return blocks, blocks[last].Language == "sh"
}

// Matches reports whether a program has printed what a guide shows. Three dots in a line
// stand for any part of a line, and alone for any number of lines.
func Matches(shown, printed string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(shown) {
		if line == "...\n" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`))
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(printed)
}
