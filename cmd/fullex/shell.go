package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/peterh/liner"
	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/logs"
	"fullex/cmd/fullex/internal/shell"
	"fullex/cmd/fullex/internal/target"
)

func shellCommand() *cli.Command {
	return &cli.Command{
		Name:      "shell",
		Usage:     "open, push and pop by hand or by script",
		ArgsUsage: "[TARGET]",
		Description: "Reads commands, one a line, from a terminal or from the standard input. The\n" +
			"command \"help\" lists them. Without a terminal the exit status is 1 if a line\n" +
			"failed. TARGET may also be a device file, such as /proc/full_ex.\n\n" +
			"    printf 'open\\ninit 3\\npush 1 2 3\\npop 3\\n' | fullex shell\n\n" + targetHelp,
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			name, err := targetOnly(c)
			if err != nil {
				return err
			}
			return onTarget(c.Context, name, func(t target.Target) error {
				s := shell.New(t, c.App.Writer)
				run := runScript
				if logs.IsTerminal(c.App.Writer) && isInputTerminal() {
					run = runPrompt
				}
				return errors.Join(run(s, c), s.Close())
			})
		},
	}
}

func isInputTerminal() bool {
	_, err := liner.TerminalMode()
	return err == nil
}

// runPrompt talks to a person. Ctrl-C drops the line, Ctrl-D ends.
func runPrompt(s *shell.Shell, c *cli.Context) error {
	asItWas, err := liner.TerminalMode()
	if err != nil {
		return fmt.Errorf("ask for the terminal's mode: %w", err)
	}
	editor := liner.NewLiner()
	defer func() { _ = editor.Close() }() // restores the terminal; nothing helps if that fails
	editing, err := liner.TerminalMode()
	if err != nil {
		return fmt.Errorf("ask for the editor's mode: %w", err)
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	defer context.AfterFunc(ctx, func() { // nothing else ends the wait for a key
		_ = asItWas.ApplyMode()
		endNow(ctx)
	})()
	editor.SetCtrlCAborts(true)
	editor.SetCompleter(complete)
	for {
		line, err := editor.Prompt("full_ex> ")
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(c.App.Writer)
			return nil
		case err != nil:
			return fmt.Errorf("read a line: %w", err)
		}
		if strings.TrimSpace(line) != "" {
			editor.AppendHistory(line)
		}
		// A call may wait for ever. Ctrl-C then ends the program, which must not
		// leave the terminal in the editor's mode.
		quit, err := inMode(asItWas, editing, func() (bool, error) { return s.Do(line) })
		if err != nil {
			fmt.Fprintln(c.App.ErrWriter, err)
		}
		if quit {
			return nil
		}
	}
}

// inMode sets the terminal's mode, calls do, and sets the mode after.
func inMode(mode, after liner.ModeApplier, do func() (bool, error)) (bool, error) {
	if err := mode.ApplyMode(); err != nil {
		return true, fmt.Errorf("set the terminal's mode: %w", err)
	}
	quit, err := do()
	return quit, errors.Join(err, after.ApplyMode())
}

// complete returns the commands that begin with line.
func complete(line string) []string {
	var words []string
	for _, word := range shell.Words() {
		if strings.HasPrefix(word, line) {
			words = append(words, word)
		}
	}
	return words
}

// maxScriptLine is the longest line of a script, in bytes. It is enough to push 100 values
// many times over.
const maxScriptLine = 1 << 20

// runScript runs the lines of the input to its end. It prints the number and the error of a
// line that fails, and goes on: many scripts are there to show errors.
func runScript(s *shell.Shell, c *cli.Context) error {
	in := bufio.NewScanner(c.App.Reader)
	in.Buffer(nil, maxScriptLine)
	failed, n := 0, 0
	for in.Scan() {
		n++
		quit, err := s.Do(in.Text())
		if err != nil {
			failed++
			fmt.Fprintf(c.App.ErrWriter, "line %d: %v\n", n, err)
		}
		if quit {
			break
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("read line %d: %w", n+1, err)
	}
	if failed > 0 {
		return fmt.Errorf("shell: %d of %d lines failed", failed, n)
	}
	return nil
}
