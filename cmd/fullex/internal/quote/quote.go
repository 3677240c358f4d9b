// Package quote writes paths and addresses into text that a person copies, so that
// any byte of them arrives. The functions may run at the same time.
package quote

import "strings"

// plain are the bytes beside letters and digits that mean nothing to a shell.
const plain = "/._-+:@%,="

// Shell returns a word of a POSIX shell's command line.
func Shell(word string) string {
	special := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune(plain, r)
	}
	if word != "" && word[0] != '=' && !strings.ContainsFunc(word, special) { // =ls is a path for zsh
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Fstab returns a field of fstab(5), where blanks are octal.
func Fstab(field string) string {
	return strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`, "#", `\043`).Replace(field)
}

// QEMU returns the value of an option of QEMU's, where commas are doubled.
func QEMU(value string) string { return strings.ReplaceAll(value, ",", ",,") }
