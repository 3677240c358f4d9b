// Package quote quotes paths and addresses in text that a person copies, so that every byte
// arrives. The functions are safe for concurrent use.
package quote

import "strings"

// safe are the characters besides letters and digits that have no meaning to a shell.
const safe = "/._-+:@%,="

// Shell returns a word as a POSIX shell reads it on a command line.
func Shell(word string) string {
	special := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune(safe, r)
	}
	if word != "" && word[0] != '=' && !strings.ContainsFunc(word, special) { // zsh replaces =ls by the path of ls
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Fstab returns a field for fstab(5), with blanks, backslashes and # as octal numbers.
func Fstab(field string) string {
	return strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`, "#", `\043`).Replace(field)
}

// QEMU returns the value of a QEMU option, with each comma doubled.
func QEMU(value string) string { return strings.ReplaceAll(value, ",", ",,") }
