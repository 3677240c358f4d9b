package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// completions are the scripts for the shells other than fish. They ask fullex for the words
// that may come next.
var completions = map[string]string{
	"bash": `_fullex() {
	local word=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]:0:COMP_CWORD}")
	case $word in -*) words+=("$word") ;; esac
	COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$word"))
}
complete -o bashdefault -o default -F _fullex fullex
`,
	"zsh": `#compdef fullex
_fullex() {
	local -a found
	local word=${words[CURRENT]}
	if [[ $word == -* ]]; then
		found=(${(f)"$(${words[1,CURRENT]} --generate-bash-completion 2>/dev/null)"})
	else
		found=(${(f)"$(${words[1,CURRENT-1]} --generate-bash-completion 2>/dev/null)"})
	fi
	compadd -a found || _files
}
compdef _fullex fullex
`,
}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands in a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: "    source <(fullex completion bash)    # in ~/.bashrc\n" +
			"    source <(fullex completion zsh)     # in ~/.zshrc, after compinit\n" +
			"    fullex completion fish | source     # in ~/.config/fish/config.fish",
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 1)
			if err != nil {
				return err
			}
			text, ok := completions[args[0]]
			if args[0] == "fish" {
				text, err = c.App.ToFishCompletion()
			} else if !ok {
				err = fmt.Errorf("completion: no shell %q, want %s", args[0], c.Command.ArgsUsage)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.App.Writer, text)
			return err
		},
	}
}
