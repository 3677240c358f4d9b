package guide

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, text string) ([]Block, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guide.md")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return Read(path)
}

func TestBlocksHaveLanguageMarksTextAndOutput(t *testing.T) {
	blocks, err := read(t, "# One\n\n```sh background at=/tmp\necho 1\n\n```\nprints\n\n```text\n1\n```\n"+
		"```text\nno output\n```\n```\nplain\n```\n```sh\necho 2\n```\n## Two\n```text\nof no block\n```\n")
	require.NoError(t, err)
	assert.Equal(t, []Block{
		{Line: 3, Language: "sh", Marks: []string{"background", "at=/tmp"}, Text: "echo 1\n\n", Output: "1\n"},
		{Line: 12, Language: "text", Marks: []string{}, Text: "no output\n"},
		{Line: 15, Marks: []string{}, Text: "plain\n"},
		{Line: 18, Language: "sh", Marks: []string{}, Text: "echo 2\n"},
		{Line: 22, Language: "text", Marks: []string{}, Text: "of no block\n"},
	}, blocks)
	value, ok := blocks[0].Value("at")
	assert.Equal(t, "/tmp", value)
	assert.True(t, ok)
	assert.True(t, blocks[0].Has("background"))
	assert.False(t, blocks[0].Has("back"))
}

func TestBlockWithoutEndIsAnError(t *testing.T) {
	_, err := read(t, "```sh\necho 1\n")
	assert.ErrorContains(t, err, "no end")
}

func TestOutputMatchesUpToDots(t *testing.T) {
	for _, test := range []struct {
		shown, printed string
		want           bool
	}{
		{"1\n", "1\n", true},
		{"1\n", "1\n2\n", false},
		{"1.5\n", "1x5\n", false},
		{"took ... ms\n", "took 12 ms\n", true},
		{"took ... ms\n", "took 1\n2 ms\n", false},
		{"1\n...\n9\n", "1\n9\n", true},
		{"1\n...\n9\n", "1\n2\n3\n9\n", true},
		{"1\n...\n", "2\n", false},
	} {
		assert.Equal(t, test.want, Matches(test.shown, test.printed), "%q %q", test.shown, test.printed)
	}
}
