package wire

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Case is one case of a transcript: messages on fresh connections to a fresh server.
type Case struct {
	File  string
	Line  int
	Name  string
	Marks map[string]bool // what the case's line has in brackets
	steps []step
}

// InTurn is the mark of a case whose requests must not be sent before the
// replies above them have come.
const InTurn = "in turn"

// step is a line of a case.
type step struct {
	line  int
	conn  string // the name before > or <; "" for the only one
	does  action
	text  string // of an expected reply
	tag   *uint16
	frame []byte // to send
	raw   bool   // frame is sent as it is
}

type action int

const (
	sends  action = iota // > MESSAGE or > raw BYTES
	closes               // > close
	gets                 // < MESSAGE
	ends                 // < closed
)

// ParseTranscript reads a transcript; name is for its errors. Its lines are:
//
//	# comment                      also at the end of other lines
//	== NAME                        starts a case, with fresh connections
//	== NAME [MARK]                 with a mark, such as [in turn]
//	> MESSAGE                      a request; it gets a tag of its own (NOTAG: Tversion)
//	> @7 MESSAGE                   a request with tag 7
//	> raw 0700000074ffff           any bytes, in hexadecimal or another form of bytes
//	> close                        the client closes the connection
//	< MESSAGE                      the reply to the first request without one
//	< @7 MESSAGE                   a reply with tag 7
//	< closed                       the server has closed the connection
//	a> MESSAGE, a< MESSAGE         on a connection named a, made when first named
//
// Each request must have its reply, in the order of the lines, and nothing
// else may come.
func ParseTranscript(name string, r io.Reader) ([]Case, error) {
	var cases []Case
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		if err := parseLine(&cases, name, number, lines.Text()); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	return cases, lines.Err()
}

func parseLine(cases *[]Case, file string, number int, line string) error {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return nil
	}
	if title, ok := strings.CutPrefix(line, "=="); ok {
		c := Case{File: file, Line: number}
		if c.Name, c.Marks = parseTitle(title); c.Name == "" {
			return errors.New("a case without a name")
		}
		*cases = append(*cases, c)
		return nil
	}
	if len(*cases) == 0 {
		return errors.New("a line before the first case (== NAME)")
	}
	s, err := parseStep(line)
	if err != nil {
		return err
	}
	s.line = number
	current := &(*cases)[len(*cases)-1]
	current.steps = append(current.steps, s)
	return nil
}

var markPattern = regexp.MustCompile(`\[([^\]]*)\]`)

func parseTitle(title string) (name string, marks map[string]bool) {
	title, _, _ = strings.Cut(title, "#")
	marks = make(map[string]bool)
	for _, match := range markPattern.FindAllStringSubmatch(title, -1) {
		marks[match[1]] = true
	}
	return strings.TrimSpace(markPattern.ReplaceAllString(title, "")), marks
}

// connPattern matches the names that a connection may have.
var connPattern = regexp.MustCompile(`^([a-z][a-z0-9]*)?$`)

func parseStep(line string) (step, error) {
	at := strings.IndexAny(line, "<>")
	if at < 0 || !connPattern.MatchString(line[:at]) {
		return step{}, fmt.Errorf("want > MESSAGE, < MESSAGE or == NAME: %s", line)
	}
	words, err := splitWords(line[at+1:])
	if err != nil {
		return step{}, err
	}
	words, tag, err := cutTag(words)
	if err != nil {
		return step{}, err
	}
	s := step{conn: line[:at], tag: tag}
	if line[at] == '>' {
		return s.parseRequest(words)
	}
	return s.parseReply(words)
}

func (s step) parseRequest(words []string) (_ step, err error) {
	switch words[0] {
	case "close":
		s.does = closes
		return s, nil
	case "raw":
		s.raw = true
		s.frame, err = parseRaw(words[1:])
		return s, err
	case "Tversion":
		if s.tag == nil {
			s.tag = new(uint16)
			*s.tag = noTag
		}
	}
	s.frame, err = encode(words, 0)
	return s, err
}

// parseRaw parses bytes in hexadecimal, and the other forms with their prefix.
func parseRaw(words []string) (all []byte, err error) {
	for _, word := range words {
		var b []byte
		if strings.ContainsAny(word, `":`) {
			b, err = parseBytes(word)
		} else {
			b, err = hex.DecodeString(word)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}

func (s step) parseReply(words []string) (step, error) {
	if words[0] == "closed" {
		s.does = ends
		return s, nil
	}
	s.does, s.text = gets, strings.Join(words, " ")
	return s, checkPattern(words)
}
