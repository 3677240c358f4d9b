package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxRepeat is the most that repeat: may make, in bytes.
const maxRepeat = 1 << 20

// parseString parses a word or any form of bytes.
func parseString(text string) ([]byte, error) {
	if strings.ContainsAny(text, `":`) {
		return parseBytes(text)
	}
	return []byte(text), nil
}

// parseBytes parses one of the forms of bytes, which the package comment lists.
func parseBytes(text string) ([]byte, error) {
	if strings.HasPrefix(text, `"`) {
		s, err := strconv.Unquote(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		return []byte(s), nil
	}
	form, rest, _ := strings.Cut(text, ":")
	switch form {
	case "hex":
		return hex.DecodeString(rest)
	case "int":
		return parseValues(rest)
	case "repeat":
		return parseRepeat(rest)
	}
	return nil, fmt.Errorf(`%q: want "..." or one of hex:, int:, repeat: and bytes`, text)
}

// parseValues parses values of the device, separated by commas.
func parseValues(text string) ([]byte, error) {
	var b []byte
	for number := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseInt(number, 0, 64)
		if err != nil || v < math.MinInt32 || v > math.MaxInt32 {
			return nil, fmt.Errorf("%q is not an int32", number)
		}
		b = appendNumber(b, uint64(v), 4)
	}
	return b, nil
}

// parseRepeat parses TIMES:WHAT.
func parseRepeat(text string) ([]byte, error) {
	countText, what, ok := strings.Cut(text, ":")
	count, err := strconv.ParseUint(countText, 10, 32)
	if !ok || err != nil {
		return nil, fmt.Errorf("repeat:%s: want repeat:TIMES:WHAT", text)
	}
	b, err := parseString(what)
	if count*uint64(len(b)) > maxRepeat {
		return nil, errors.New("repeat: too much")
	}
	return []byte(strings.Repeat(string(b), int(count))), err
}

// formatBytes returns the decoder's text of bytes.
func formatBytes(b []byte) string { return "hex:" + hex.EncodeToString(b) }

// formatString returns the decoder's text of a string.
func formatString(b []byte) string {
	if isPlain(b) {
		return string(b)
	}
	return strconv.QuoteToASCII(string(b))
}

// isPlain reports whether bytes can be written as a word that means nothing else.
func isPlain(b []byte) bool {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+"
	if len(b) == 0 || string(b) == anyRest {
		return false
	}
	for _, c := range b {
		if strings.IndexByte(alphabet, c) < 0 {
			return false
		}
	}
	return true
}

// splitWords splits a line at blanks that are not within quotes. A word that
// starts with # starts a comment.
func splitWords(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" || line[0] == '#' {
			return words, nil
		}
		n, err := wordLength(line)
		if err != nil {
			return nil, err
		}
		words = append(words, line[:n])
		line = line[n:]
	}
}

// wordLength returns where the word at the start of line ends.
func wordLength(line string) (int, error) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == ' ' || c == '\t'):
			return i, nil
		}
	}
	if quoted {
		return 0, fmt.Errorf("no closing quote: %s", line)
	}
	return len(line), nil
}
