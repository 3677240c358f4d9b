package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestEverySubcommandRuns builds this program and lets it run small, with
// every server that is installed. Its numbers are not looked at.
func TestEverySubcommandRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; run without -short")
	}
	bench := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.Command("go", "build", "-o", bench, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, args := range [][]string{
		{"--quick", "--json"},
		{"memory", "--quick", "--json"},
		{"scale", "--quick", "--json"},
		{"trace", "--quick", "--json"},
		{"fuse", "--quick", "--json"},
	} {
		t.Run(args[0], func(t *testing.T) {
			if _, err := os.Stat("/dev/fuse"); err != nil && args[0] == "fuse" && os.Getenv("FULLEX_REQUIRE_ALL") != "1" {
				t.Skipf("no FUSE on this machine: %v", err)
			}
			command := exec.Command(bench, args...)
			out, err := command.Output()
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			var r struct{ Results json.RawMessage }
			if err := json.Unmarshal(out, &r); err != nil || len(r.Results) == 0 {
				t.Errorf("%v printed no results: %v\n%s", args, err, out)
			}
		})
	}
}

func TestBadFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"--cells", "1"}, {"--servers", "nobody"}, {"--runs", "0"}, {"--time", "0s"}, {"surplus"},
		{"memory", "--conns", "0"}, {"memory", "--msizes", "many"}, {"memory", "--conns", "1000000000"},
		{"scale", "--cycles", "1"}, {"scale", "--cycles", "5000000"}, {"scale", "--sessions", "0"},
		{"fuse", "--runs", "0"}, {"trace", "--time", "0s"},
	} {
		if err := newApp(t.Output(), t.Output()).Run(append([]string{"bench"}, args...)); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
