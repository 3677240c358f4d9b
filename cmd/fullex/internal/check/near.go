package check

import (
	"slices"
	"strings"
)

// mostMeant is how many names an error suggests at most.
const mostMeant = 3

// meant returns a question that suggests names of cases and groups instead of word, or "".
// A suggested name differs from word in at most a third of the letters of word.
func meant(word string, cases []Case) string {
	var near []string
	for _, c := range cases {
		group, _, _ := strings.Cut(c.ID, ".")
		for _, name := range []string{group + ".", c.ID} {
			if distance(word, name) <= len(word)/3 && !slices.Contains(near, name) {
				near = append(near, name)
			}
		}
	}
	if len(near) == 0 {
		return ""
	}
	slices.SortStableFunc(near, func(a, b string) int { return distance(word, a) - distance(word, b) })
	return ", did you mean " + strings.Join(near[:min(len(near), mostMeant)], ", ") + "?"
}

// distance returns the Levenshtein distance of two words: how many bytes must be replaced,
// inserted or deleted to turn one into the other.
func distance(a, b string) int {
	to := make([]int, len(b)+1) // to[j]: distance from the part of a so far to b[:j]
	for j := range to {
		to[j] = j
	}
	for i := range len(a) {
		diagonal := to[0]
		to[0]++
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = to[j+1]
			to[j+1] = min(replaced, to[j]+1, diagonal+1)
		}
	}
	return to[len(b)]
}
