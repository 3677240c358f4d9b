package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// shells are those that completion has a script for.
var shells = []string{"bash", "zsh", "fish"}

// completions are what shells source: they ask fullex itself for the words that may come
// next.
var completions = map[string]string{
	"bash": `_fullex() {
	local IFS=$'\n'
	COMPREPLY=($("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o bashdefault -o default -F _fullex fullex
`,
	"zsh": `#compdef fullex
_fullex() {
	local -a found
	found=(${(f)"$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	found=("${(@)found//:/\\:}")
	found=("${(@)found/$'\t'/:}")
	if (( $#found )); then
		_describe fullex found
	else
		_files
	fi
}
compdef _fullex fullex
`,
	"fish": `function __fullex_complete
	set -l words (commandline -opc)
	set -l found ($words[1] complete $words[2..] (commandline -ct) 2>/dev/null)
	if set -q found[1]
		printf '%s\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c fullex -f -a '(__fullex_complete)'
`,
}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands in a shell",
		ArgsUsage: strings.Join(shells, "|"),
		Description: "    source <(fullex completion bash)    # in ~/.bashrc\n" +
			"    source <(fullex completion zsh)     # in ~/.zshrc, after compinit\n" +
			"    fullex completion fish | source     # in ~/.config/fish/config.fish",
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 1)
			if err != nil {
				return err
			}
			if !slices.Contains(shells, args[0]) {
				return fmt.Errorf("completion: no shell %q, want %s", args[0], c.Command.ArgsUsage)
			}
			_, err = fmt.Fprint(c.App.Writer, completions[args[0]])
			return err
		},
	}
}
