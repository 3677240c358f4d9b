package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

func manual(t *testing.T) string {
	t.Helper()
	out, errs, err := run("", "man")
	require.NoError(t, err)
	assert.Empty(t, errs)
	return out
}

func TestManualPageHasEveryCommandAndFlag(t *testing.T) {
	_, details, found := strings.Cut(manual(t), "\n.SH COMMANDS IN DETAIL\n")
	require.True(t, found)
	pages := map[string]string{}
	for page := range strings.SplitSeq(details, ".SS fullex ") {
		head, text, _ := strings.Cut(page, "\n")
		pages[strings.ReplaceAll(strings.Fields(head + " none")[0], `\-`, "-")] = text
	}
	for _, c := range newApp(nil, nil, nil).Commands {
		page, ok := pages[c.Name]
		assert.Equal(t, !c.Hidden, ok, c.Name)
		if c.Hidden {
			continue
		}
		assert.Regexp(t, `\n\.EX\n(.*\n)*.*fullex `+regexp.QuoteMeta(roff(c.Name))+`\b`, page)
		for _, f := range c.VisibleFlags() {
			f := f.(cli.DocGenerationFlag)
			metavar, _ := metavarOf(f)
			want := ".TP\n\\fB" + roff(spelled(f, "")) + `\fR`
			if metavar != "" {
				want += ` \fI` + roff(metavar) + `\fR`
			}
			assert.Contains(t, page, want+"\n", c.Name)
		}
	}
}

func TestManualPageHasTheSectionsOfThePackageComment(t *testing.T) {
	page := manual(t)
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"} {
		assert.Contains(t, page, "\n.SH "+section+"\n")
	}
	for _, text := range []string{
		".TH FULLEX 8 ", "\n.TP\n\\fB0\\fR\nsuccess; ", "\n.TP\n\\fBFULLEX_ADDR\\fR\n", "\n.TP\n\\fB/run/fullex/fullex.sock\\fR\n",
		"\n.EX\n$ fullex serve\n.EE\n", "\n.TP\n\\fBserve\\fR\nserve the device until ",
	} {
		assert.Contains(t, page, text)
	}
}

func TestRoffPrintsATextAsItIs(t *testing.T) {
	for text, want := range map[string]string{
		"word": "word", "--listen": `\-\-listen`, `\3`: `\e3`, ".PP": `\&.PP`, "'a'": `\(aqa\(aq`, `"`: `\(dq`, "~^`": `\(ti\(ha\(ga`,
	} {
		assert.Equal(t, want, roff(text))
	}
}
