package contractfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"fullex/device/contract"
)

// mostWeight is the largest weight of a case.
const mostWeight = 1000

// setRow changes the rule of a row as one setting says.
func setRow(c *contract.Contract, s setting) error {
	if len(s.key) == 1 {
		if s.value.kind != unstable.Invalid {
			return s.at.errorf("rows: want a table for each row, [rows.NAME]")
		}
		return nil
	}
	i := slices.IndexFunc(contract.RowsAndParts, func(r contract.Row) bool { return r.Name == s.key[1] })
	if i < 0 {
		return s.at.errorf("no row %s, want %s", s.key[1], rowNames())
	}
	row := contract.RowsAndParts[i]
	rule := c.Rules[row.Name]
	var err error
	switch {
	case len(s.key) == 2 && s.value.kind == unstable.Invalid:
	case len(s.key) == 2:
		err = s.at.errorf("%s: want a table, [%[1]s]", s.name())
	case len(s.key) == 3 && s.key[2] == "accept":
		rule, err = s.accepted(row, rule)
	case len(s.key) == 3 && s.key[2] == "required":
		rule.Noted = s.value.text == "false"
		if s.value.kind != unstable.Bool {
			err = s.wrong("true or false")
		}
	case len(s.key) == 3 && s.key[2] == "weight":
		rule.Weight, err = strconv.Atoi(s.value.text)
		if s.value.kind != unstable.Integer || err != nil || rule.Weight < 1 || rule.Weight > mostWeight {
			err = s.wrong("a number from 1 to 1000")
		}
	default:
		err = s.at.errorf("unknown key %s, want accept, required or weight", s.name())
	}
	c.Rules[row.Name] = rule
	return err
}

func rowNames() string {
	var names []string
	for _, r := range contract.RowsAndParts {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// Words in a list of accepted answers, besides the names of errnos.
const (
	anyError = "any" // any error
	zero     = "0"   // success that returns 0
	pops     = "pop" // success that pops a value
)

// mayRefuse reports whether a row has a list of accepted answers.
func mayRefuse(r contract.Row) bool {
	return r.Errno != 0 || r == contract.RowPopLong || r == contract.RowShared
}

// words returns the words that a row accepts besides errnos.
func words(r contract.Row) []string {
	switch {
	case r == contract.RowReadShort:
		return []string{anyError, zero, pops}
	case strings.HasPrefix(r.Call, "read") || strings.HasPrefix(r.Call, "write"):
		if r.Errno != 0 && r != contract.RowReadKept {
			return []string{anyError, zero}
		}
	}
	return []string{anyError}
}

// accepted returns a rule with other accepted answers.
func (s setting) accepted(row contract.Row, rule contract.Rule) (contract.Rule, error) {
	want := "a list of errnos such as [\"EACCES\", \"EINVAL\"], or of \"" + strings.Join(words(row), "\", \"") + "\""
	if !mayRefuse(row) {
		return rule, s.at.errorf("%s: a call in this row must succeed, want required or weight", s.name())
	}
	if s.value.kind == unstable.String {
		s.value = value{at: s.value.at, kind: unstable.Array, elements: []value{s.value}}
	}
	list, err := s.strings(want)
	if err != nil {
		return rule, err
	}
	if len(list) == 0 && row.Errno != 0 {
		return rule, s.wrong(want + "; the list is empty")
	}
	changed := contract.Rule{Noted: rule.Noted, Weight: rule.Weight}
	for i, word := range list {
		errno, known := contract.ErrnoNamed(word)
		if known {
			changed.Errnos = append(changed.Errnos, errno)
			continue
		}
		if !slices.Contains(words(row), word) {
			return rule, s.value.elements[i].at.errorf("%s: no errno %q, want %s", s.name(), word, want)
		}
		changed.Any, changed.Zero, changed.Pops = changed.Any || word == anyError, changed.Zero || word == zero, changed.Pops || word == pops
	}
	if slices.Equal(acceptedWords(changed), acceptedWords(rule)) {
		return rule, nil
	}
	return changed, nil
}

// acceptedWords returns the list of answers that a rule accepts.
func acceptedWords(r contract.Rule) (list []string) {
	for _, e := range r.Errnos {
		list = append(list, contract.ErrnoName(e))
	}
	for _, word := range []struct {
		accepted bool
		text     string
	}{{r.Any, anyError}, {r.Zero, zero}, {r.Pops, pops}} {
		if word.accepted {
			list = append(list, word.text)
		}
	}
	return list
}
