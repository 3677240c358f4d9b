package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
)

// packageComment returns the text of doc.go.
func packageComment(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	require.NoError(t, err)
	return file.Doc.Text()
}

func TestPackageCommentHasEveryCommand(t *testing.T) {
	_, text, found := strings.Cut(packageComment(t), "# Commands\n")
	require.True(t, found)
	text, _, found = strings.Cut(text, "\n# ")
	require.True(t, found)
	listed := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^\t(\S+) +(.+)$`).FindAllStringSubmatch(text, -1) {
		listed[line[1]] = line[2]
	}
	visible := map[string]string{}
	for _, c := range newApp(nil, nil, nil).Commands {
		if !c.Hidden {
			visible[c.Name] = c.Usage
		}
	}
	assert.Equal(t, visible, listed)
}

func TestPackageCommentHasEveryAddress(t *testing.T) {
	text := packageComment(t)
	names := regexp.MustCompile(`([a-z-]+):[A-Z]`).FindAllStringSubmatch(endpoint.ServerForms(), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		assert.Contains(t, text, "\n\t"+name[1]+":")
	}
	assert.Contains(t, text, defaultTCP.String())
	assert.Contains(t, text, "\n\t"+rootSocket+" ")
}

// TestREADMEAndGuidesHaveEveryCommand looks for each visible command, except those that set
// up a shell, as a word in the README or in a guide.
func TestREADMEAndGuidesHaveEveryCommand(t *testing.T) {
	files, err := filepath.Glob("doc/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var text strings.Builder
	for _, file := range append(files, "../../README.md") {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		text.Write(content)
	}
	for _, c := range newApp(nil, nil, nil).Commands {
		if !c.Hidden && c.Category != toSetUp {
			assert.True(t, regexp.MustCompile("(fullex |`)"+regexp.QuoteMeta(c.Name)+`\b`).MatchString(text.String()),
				"no %q: name it in the README's table of commands, or in a guide of cmd/fullex/doc", c.Name)
		}
	}
}
