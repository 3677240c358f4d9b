package barefuse

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"strings"
)

//go:embed barefuse.c
var source []byte

// Build compiles the program in C that serves such a file, to path. The program takes a
// directory, as Serve does. Build needs cc, pkg-config and libfuse3 with its headers (Debian
// packages gcc, pkg-config and libfuse3-dev). The error is one line.
func Build(ctx context.Context, path string) error {
	flags, err := output(exec.CommandContext(ctx, "pkg-config", "--cflags", "--libs", "fuse3"))
	if err != nil {
		return fmt.Errorf("find libfuse3: %w", err)
	}
	args := append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-o", path, "-xc", "-", "-xnone"}, strings.Fields(flags)...)
	cc := exec.CommandContext(ctx, "cc", args...)
	cc.Stdin = bytes.NewReader(source)
	if _, err := output(cc); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	return nil
}

// output runs a command and returns what it prints. The error has the first line of its
// standard error.
func output(cmd *exec.Cmd) (string, error) {
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if first, _, _ := strings.Cut(errs.String(), "\n"); err != nil && first != "" {
		return "", fmt.Errorf("%w: %s", err, first)
	}
	return string(out), err
}
