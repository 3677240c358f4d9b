package check

import (
	"slices"
	"strings"
)

// mostMeant is how many cases an error about a word offers instead of it.
const mostMeant = 3

// meant asks for the cases and groups whose names are near a word, or is "" if there are
// none: a third of the word may be wrong.
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

// distance returns how many letters must be replaced, put in or left out to make one word
// of another (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of the distances between what a has so far and starts of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
