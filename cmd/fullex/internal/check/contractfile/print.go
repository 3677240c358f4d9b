package contractfile

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"fullex/device/contract"
)

// Print writes the file in the form that Read reads, with every key and a comment for each.
func (f File) Print(w io.Writer) error {
	c := f.Contract
	var b bytes.Buffer
	fmt.Fprintf(&b, `# A contract for "fullex check --contract FILE".
# A key that is left out is as the profile says.

# The profile that this file changes: %s.
profile = %s

# Where a value is pushed; a read takes the leftmost.
# "parity": odd left, even right. "fifo": all right. "lifo": all left.
order = %s

# What a process gets that has the device open and opens it again.
# "refused": see rows.open-again. "own-deque": each open has its own. "unchecked": anything.
second-open = %s

# The smallest and the largest capacity, within 1 to %d.
capacity = [%d, %d]

# The device's path, if the command names none: one file, * and ? stand for what varies.
path = %s

# Cases whose calls and reasons nobody sees, as with --hide.
hidden = %s

# The rows of the contract: call | state | result.
# accept: the errors that are right, the usual one first. "any" is any error. "0" is
#   success that returns 0 and changes nothing. "pop" is success that pops a value.
# required: whether a wrong answer loses points. If not, it is noted.
# weight: the points of each case of the row. If it is left out, "fullex check --list" says them.
`, strings.Join(contract.Profiles, ", "), quoted(string(c.Profile)), quoted(string(c.Order)), quoted(string(c.SecondOpen)),
		contract.LargestCapacity, c.MinCapacity, c.MaxCapacity, quoted(f.Path), list(f.Hidden))
	for _, row := range contract.RowsAndParts {
		printRow(&b, c, row)
	}
	_, err := b.WriteTo(w)
	return err
}

func printRow(b *bytes.Buffer, c *contract.Contract, row contract.Row) {
	rule := c.Rules[row.Name]
	fmt.Fprintf(b, "\n# %s\n", row)
	if row.Part != "" {
		fmt.Fprintf(b, "# only a call %s\n", row.Part)
	}
	fmt.Fprintf(b, "[rows.%s]\n", row.Name)
	if mayRefuse(row) {
		fmt.Fprintf(b, "accept = %s\n", list(acceptedWords(rule)))
	}
	fmt.Fprintf(b, "required = %t\n", !rule.Noted)
	if rule.Weight > 0 {
		fmt.Fprintf(b, "weight = %d\n", rule.Weight)
	}
}

func list(words []string) string {
	var all []string
	for _, w := range words {
		all = append(all, quoted(w))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// quoted returns a basic string of TOML. A control character is written as its number.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
