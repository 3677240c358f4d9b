//go:build linux

package tests

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/guide"
	"fullex/tests/need"
)

// notRun are the marks of blocks that are not run, and why.
var notRun = map[string]string{
	"guest":   "it is for a virtual machine, or starts one; tests/vm has the commands that are tested",
	"v9fs":    "it needs the kernel's 9p client; the guests of TestLinuxMounts have it and run the same",
	"long":    "it takes longer than all others together",
	"source":  "it builds the sources, as tests/run does",
	"service": "it changes the services of a machine",
	"untried": "the guide says that it was not tried",
}

// ways are the marks that say how a block is run. Files are the blocks of any language
// that the reader saves: they are written before the next block runs.
var ways = map[string]string{
	"background": "it goes on: the test waits for what it prints first, and ends it after the last block",
	"fails":      "its status is not 0",
	"file":       "file=NAME: the reader is told to save it under this name",
}

// languages are those of all blocks. One that a shell could run is sh.
var languages = []string{"sh", "text", "", "go", "xml", "haproxy", "ini", "toml"}

// guideTime bounds one guide, which takes a few seconds.
const guideTime = 2 * time.Minute

func guides(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../cmd/fullex/doc/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return append(paths, "../README.md")
}

func TestGuidesMarkTheirBlocksWithKnownWords(t *testing.T) {
	for _, path := range guides(t) {
		blocks, err := guide.Read(path)
		require.NoError(t, err)
		for _, b := range blocks {
			assert.Contains(t, languages, b.Language, "%s:%d", path, b.Line)
			for _, mark := range b.Marks {
				name, _, _ := strings.Cut(mark, "=")
				known := ways[name] + notRun[name]
				assert.NotEmpty(t, known, "%s:%d: unknown mark %s", path, b.Line, mark)
				assert.True(t, b.Language == "sh" || name == "file", "%s:%d: mark %s of a block that is not sh", path, b.Line, mark)
			}
		}
	}
}

// TestGuidesDoWhatTheySay runs the sh blocks of every guide in order, as a reader would,
// and compares what they print with the text block after them. Each guide has a view of
// this machine to itself: see playGuide.
func TestGuidesDoWhatTheySay(t *testing.T) {
	need.Root(t)
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		need.Skip(t, "no FUSE for this user: %v", err)
	}
	require.NoError(t, device.Close())
	for _, path := range guides(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			runGuide(t, path)
		})
	}
}

func runGuide(t *testing.T, path string) {
	needGuidePrograms(t, path)
	command, err := fullexCommand()
	require.NoError(t, err)
	path, err = filepath.Abs(path)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), guideTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"=guide "+path+" "+filepath.Dir(command))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		need.Skip(t, "no namespaces of one's own: %v", err)
	}
	assert.NoError(t, err)
	t.Log(string(out))
}

// needGuidePrograms skips a guide with a command that this machine has not.
func needGuidePrograms(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, name := range []string{"bash", "haproxy", "socat", "diodls", "diodcat"} {
		if strings.Contains(string(text), "\n"+name+" ") || strings.Contains(string(text), "| "+name+" ") {
			program(t, name)
		}
	}
}

// link is a link to another file of the project, and the heading there.
var link = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]+))?\)`)

func TestLinksOfGuidesLeadSomewhere(t *testing.T) {
	for _, path := range guides(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, to := range link.FindAllStringSubmatch(string(text), -1) {
			target := path
			if to[1] != "" {
				target = filepath.Join(filepath.Dir(path), to[1])
			}
			_, err := os.Stat(target)
			assert.NoError(t, err, "a link in %s", path)
			assert.True(t, to[2] == "" || slices.Contains(headings(t, target), to[2]), "%s: no heading #%s", target, to[2])
		}
	}
}

// headings returns the headings of a Markdown file as links name them.
func headings(t *testing.T, path string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if title := strings.TrimLeft(line, "#"); title != line {
			names = append(names, strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-"))
		}
	}
	return names
}
