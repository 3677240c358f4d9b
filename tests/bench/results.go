package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/tests/bench/process"
)

// resultsFile is where results are written, from the top of the sources.
const resultsFile = "tests/bench/RESULTS.md"

// writeResults runs all parts and writes their tables.
func writeResults(c *cli.Context) error {
	text := c.App.Writer
	if c.Bool("quick") {
		text = io.Discard
	}
	about, err := newSurroundings(c)
	if err != nil {
		return err
	}
	var all report
	var body bytes.Buffer
	for _, p := range parts {
		fmt.Fprintf(text, "== %s\n", p.title)
		var table bytes.Buffer
		r, err := p.runAlike(c, io.MultiWriter(text, &table))
		if err != nil {
			return fmt.Errorf("%s: %w", p.title, err)
		}
		all.Missed = append(all.Missed, r.Missed...)
		p.writeSection(&body, table.String(), r.remarks())
	}
	head, err := about.head()
	if err != nil {
		return err
	}
	results := append(head, body.Bytes()...)
	if c.Bool("quick") {
		_, err = c.App.Writer.Write(results)
	} else {
		err = os.WriteFile(filepath.Join(about.sources, filepath.FromSlash(resultsFile)), results, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return all.check(c)
}

// runAlike runs a part with the defaults of its flags, and with --runs and --quick of c. If
// a part cannot run here, its report has only a note.
func (p part) runAlike(c *cli.Context, text io.Writer) (report, error) {
	set := flag.NewFlagSet(p.name, flag.ContinueOnError)
	for _, f := range p.allFlags() {
		if err := f.Apply(set); err != nil {
			return report{}, err
		}
	}
	own := cli.NewContext(c.App, set, nil)
	own.Context = c.Context
	for _, name := range []string{"runs", "quick"} {
		if c.IsSet(name) && set.Lookup(name) != nil {
			if err := own.Set(name, fmt.Sprint(c.Value(name))); err != nil {
				return report{}, err
			}
		}
	}
	m, err := p.configure(own)
	if err != nil {
		return report{Notes: []string{fmt.Sprintf("not measured: %v", err)}}, nil
	}
	return measure(c.Context, m, text)
}

// writeSection writes a part as Markdown.
func (p part) writeSection(w io.Writer, table string, remarks []string) {
	run := strings.TrimSpace("go run ./tests/bench " + p.name)
	fmt.Fprintf(w, "\n## %s\n\n`%s`\n\n", p.title, run)
	if table = strings.Trim(table, "\n"); table != "" {
		fmt.Fprintf(w, "```\n%s\n```\n\n", table)
	}
	for _, line := range remarks {
		fmt.Fprintf(w, "- %s\n", line)
	}
}

// surroundings are what results depend on besides the sources.
type surroundings struct {
	sources string // the directory
	command string
	start   time.Time
	times   process.Times
	load    string
}

func newSurroundings(c *cli.Context) (s surroundings, err error) {
	if s.sources, err = said(c.Context, "", "go", "list", "-m", "-f", "{{.Dir}}", "fullex"); err != nil {
		return s, fmt.Errorf("find the sources: %w", err)
	}
	s.command = "go run ./tests/bench --write"
	if c.IsSet("runs") {
		s.command += fmt.Sprintf(" --runs %d", c.Int("runs"))
	}
	s.start = time.Now()
	if s.times, err = process.MachineTimes(); err != nil {
		return s, err
	}
	s.load, err = loadAverage()
	return s, err
}

// head returns the text before the tables.
func (s surroundings) head() ([]byte, error) {
	ctx := context.Background()
	load, err := loadAverage()
	if err != nil {
		return nil, err
	}
	times, err := process.MachineTimes()
	if err != nil {
		return nil, err
	}
	commit, err := s.commit(ctx)
	if err != nil {
		return nil, err
	}
	system, err := said(ctx, "", "uname", "-srm")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Speed and memory, measured\n\n"+
		"`%s` has written this; `go doc ./tests/bench` says how it measures. Numbers\n"+
		"of one table come from turns, one after the other in each round, and can be compared.\n"+
		"Those of two tables, or of two runs, cannot: what else the machine does is never the same.\n\n", s.command)
	fmt.Fprintf(&b, "| | |\n|---|---|\n")
	for _, row := range [][2]string{
		{"date", s.start.UTC().Format("2 January 2006, 15:04 UTC")},
		{"commit", commit},
		{"processors", fmt.Sprintf("%d, %s", runtime.NumCPU(), processor())},
		{"system", system},
		{"Go", runtime.Version()},
		{"load average before (1, 5, 15 minutes)", s.load},
		{"load average after", load},
		{"processor time that the hypervisor took", fmt.Sprintf("%.0f %%", 100*times.Stolen(s.times))},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	return b.Bytes(), nil
}

// commit returns the commit of the sources, and says whether they have changed since.
func (s surroundings) commit(ctx context.Context) (string, error) {
	commit, err := said(ctx, s.sources, "git", "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "", fmt.Errorf("find the commit: %w", err)
	}
	changed, err := said(ctx, s.sources, "git", "status", "--porcelain", "--", ".", ":!"+resultsFile)
	if err != nil {
		return "", fmt.Errorf("find what is not committed: %w", err)
	}
	if changed != "" {
		commit += ", with changes"
	}
	return commit, nil
}

// said runs a command in a directory and returns what it prints, without the end of the
// line.
func said(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// loadAverage returns the three load averages of proc_loadavg(5).
func loadAverage() (string, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", fmt.Errorf("read the load: %w", err)
	}
	return strings.Join(strings.Fields(string(text))[:3], ", "), nil
}

// processor returns the model of the processor, or else its architecture.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
