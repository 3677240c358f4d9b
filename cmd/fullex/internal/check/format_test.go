package check

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
)

// sample has a case of every kind, and strings that are awkward to print.
var sample = Results{
	Target: "/mnt/<a&b>", Profile: contract.Fixed, Seed: 1<<63 + 1, Sessions: 5, Start: time.Unix(1_000_000, 0), Time: 1500 * time.Millisecond,
	Cases: []Result{
		{ID: "open.new", Title: "open works", Row: "open | a | b", Weight: 3, Status: Passed, Calls: []string{`close(3) = 0`}, Time: time.Millisecond},
		{ID: "read.empty", Title: "is refused", Row: "read | a | b", Weight: 2, Status: Failed, Reason: "read on an empty deque returned 0, must fail with EACCES",
			Calls: []string{`open("/a", O_RDWR) = 3`, `read(3, "<\"&>]]>\1", 4) = 0`}},
		{ID: "fork.own", Title: "own", Row: "open | a | b", Weight: 1, Status: Skipped, Reason: "nothing # here forks", Calls: []string{}},
		{ID: "read.one", Title: "one", Row: "read | c | d", Weight: 4, Status: Failed, Timeout: true, Reason: "read did not return within 10s",
			Notes: []string{"# a note"}, Calls: []string{`read(3, <unfinished ...>`}},
	},
}

func printed(t *testing.T, r Results, format string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Print(&b, format))
	return b.String()
}

func TestEveryFormatHasAName(t *testing.T) {
	assert.Len(t, formats, len(Formats))
	for _, name := range Formats {
		assert.NotEmpty(t, printed(t, sample, name), name)
	}
	assert.EqualError(t, sample.Print(io.Discard, "nope"), `no format "nope"`)
}

func TestHumanFormat(t *testing.T) {
	out := printed(t, sample, "human")
	for _, want := range []string{
		"/mnt/<a&b>: --profile fixed --seed 9223372036854775809 --sessions 5\n",
		"ok       open.new               open works\nFAILED   read.empty ",
		"           read on an empty deque returned 0, must fail with EACCES\n           contract: read | a | b\n           open(\"/a\", O_RDWR) = 3\n",
		"           skipped, because nothing # here forks\n",
		"1 passed, 2 failed, 1 skipped; 3 of 9 points; 1.5s\n",
	} {
		assert.Contains(t, out, want)
	}
	assert.NotContains(t, out, "\x1b", "no colours")
	assert.NotContains(t, out, "close(3)", "the calls of a case that passed")
}

func TestExitStatuses(t *testing.T) {
	assert.Equal(t, ExitFailed, sample.Exit())
	assert.Equal(t, ExitPassed, Results{Cases: []Result{sample.Cases[0], sample.Cases[2]}}.Exit())
	assert.Equal(t, ExitNotRun, Results{Cases: []Result{sample.Cases[2]}}.Exit(), "skipped is not passed")
	assert.Equal(t, ExitNotRun, Results{}.Exit())
}

// ktapCase is a test case result line.
type ktapCase struct {
	ok                         bool
	description, directive, as string
	before                     []string // diagnostic lines
}

var (
	ktapPlan   = regexp.MustCompile(`^1\.\.([1-9][0-9]*)$`)
	ktapResult = regexp.MustCompile(`^(ok|not ok) ([1-9][0-9]*)(?: ([^#]*[^# ]))?(?: # (?:(SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b ?)?(.*))?$`)
)

// parseKTAP reads KTAP version 1 without nested tests. Every line must be of one of the four
// kinds: version, plan, diagnostic, result.
func parseKTAP(text string) (cases []ktapCase, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 3 || lines[len(lines)-1] != "" {
		return nil, fmt.Errorf("too short, or the last line has no end")
	}
	if lines[0] != "KTAP version 1" {
		return nil, fmt.Errorf("version line: %q", lines[0])
	}
	plan := ktapPlan.FindStringSubmatch(lines[1])
	if plan == nil {
		return nil, fmt.Errorf("plan line: %q", lines[1])
	}
	var before []string
	for _, line := range lines[2 : len(lines)-1] {
		if rest, ok := strings.CutPrefix(line, "# "); ok {
			before = append(before, rest)
			continue
		}
		m := ktapResult.FindStringSubmatch(line)
		switch {
		case m == nil:
			return nil, fmt.Errorf("unknown line: %q", line)
		case m[2] != fmt.Sprint(len(cases)+1):
			return nil, fmt.Errorf("number %s: want %d", m[2], len(cases)+1)
		case m[1] == "ok" && (m[4] == "TIMEOUT" || m[4] == "ERROR"):
			return nil, fmt.Errorf("must be not ok: %q", line)
		}
		cases = append(cases, ktapCase{m[1] == "ok", m[3], m[4], m[5], before})
		before = nil
	}
	if plan[1] != fmt.Sprint(len(cases)) {
		return nil, fmt.Errorf("%s tests are planned, %d came", plan[1], len(cases))
	}
	return cases, nil
}

func TestKTAPFormat(t *testing.T) {
	cases, err := parseKTAP(printed(t, sample, "ktap"))
	require.NoError(t, err)
	require.Len(t, cases, 4)
	assert.Equal(t, ktapCase{true, "open.new", "", "", []string{"target /mnt/<a&b> --profile fixed --seed 9223372036854775809 --sessions 5"}}, cases[0])
	assert.False(t, cases[1].ok)
	assert.Equal(t, "read on an empty deque returned 0, must fail with EACCES", cases[1].as)
	assert.Contains(t, cases[1].before, `open("/a", O_RDWR) = 3`)
	assert.Equal(t, ktapCase{true, "fork.own", "SKIP", "nothing here forks", nil}, cases[2])
	assert.Equal(t, "TIMEOUT", cases[3].directive)
	assert.False(t, cases[3].ok)
}

func TestKTAPParserIsStrict(t *testing.T) {
	for _, text := range []string{
		"", "1..1\nok 1 a\n", "KTAP version 1\nok 1 a\n", "KTAP version 1\n1..2\nok 1 a\n", "KTAP version 1\n1..1\nok 2 a\n",
		"KTAP version 1\n1..1\nok 1 a", "KTAP version 1\n1..1\nok 1 a # TIMEOUT x\n", "KTAP version 1\n1..1\nhello\nok 1 a\n",
	} {
		_, err := parseKTAP(text)
		assert.Error(t, err, "%q", text)
	}
}

func TestJUnitFormat(t *testing.T) {
	type message struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	var got struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Suites   []struct {
			Name      string `xml:"name,attr"`
			Tests     int    `xml:"tests,attr"`
			Timestamp string `xml:"timestamp,attr"`
			Time      string `xml:"time,attr"`
			Property  []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:"value,attr"`
			} `xml:"properties>property"`
			Cases []struct {
				Class   string    `xml:"classname,attr"`
				Name    string    `xml:"name,attr"`
				Time    string    `xml:"time,attr"`
				Failure []message `xml:"failure"`
				Skipped []message `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	decoder := xml.NewDecoder(strings.NewReader(printed(t, sample, "junit")))
	require.NoError(t, decoder.Decode(&got))
	_, err := decoder.Token()
	for err == nil {
		_, err = decoder.Token()
	}
	assert.ErrorIs(t, err, io.EOF, "only blanks follow the document")
	assert.Equal(t, []int{4, 2, 1}, []int{got.Tests, got.Failures, got.Skipped})
	require.Len(t, got.Suites, 1)
	suite := got.Suites[0]
	assert.Equal(t, "1970-01-12T13:46:40", suite.Timestamp)
	assert.Equal(t, "1.500", suite.Time)
	assert.Equal(t, "9223372036854775809", suite.Property[2].Value)
	require.Len(t, suite.Cases, 4)
	assert.Empty(t, suite.Cases[0].Failure)
	assert.Empty(t, suite.Cases[0].Skipped)
	assert.Equal(t, "full_ex.read", suite.Cases[1].Class)
	require.Len(t, suite.Cases[1].Failure, 1)
	assert.Equal(t, sample.Cases[1].Reason, suite.Cases[1].Failure[0].Message)
	assert.Contains(t, suite.Cases[1].Failure[0].Text, `read(3, "<\"&>]]>\1", 4) = 0`)
	require.Len(t, suite.Cases[2].Skipped, 1)
	assert.Equal(t, "skipped, because nothing # here forks", suite.Cases[2].Skipped[0].Message)
	assert.Equal(t, "timeout", suite.Cases[3].Failure[0].Type)
}

func TestJSONFormat(t *testing.T) {
	var got struct {
		Results
		Passed, Failed, Skipped, Errors, Points, Of int
	}
	decoder := json.NewDecoder(strings.NewReader(printed(t, sample, "json")))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&got))
	assert.True(t, sample.Start.Equal(got.Start))
	got.Start = sample.Start
	assert.Equal(t, sample, got.Results)
	assert.Equal(t, []int{1, 2, 1, 3, 9}, []int{got.Passed, got.Failed, got.Skipped, got.Points, got.Of})
}

func TestGradescopeFormat(t *testing.T) {
	var got gradescopeResults
	decoder := json.NewDecoder(strings.NewReader(printed(t, sample, "gradescope")))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&got))
	require.Len(t, got.Tests, 4)
	assert.InDelta(t, 1.5, got.Time, 0)
	assert.Contains(t, got.Output, "--seed 9223372036854775809")
	score, most := 0, 0
	for _, test := range got.Tests {
		score, most = score+test.Score, most+test.MaxScore
	}
	assert.Equal(t, []int{3, 9}, []int{score, most})
	assert.Equal(t, "failed", got.Tests[1].Status)
	assert.Contains(t, got.Tests[1].Output, "must fail with EACCES\n")
	assert.Equal(t, gradescopeTest{Name: "own", Number: "fork.own", Output: "skipped, because nothing # here forks"}, got.Tests[2])
}

// odd are strings that can occur in the name of a target, an error or the bytes of a
// device. None of them belongs to a format.
var odd = []string{
	"a\nok 7 b", "\r\n1..0 # SKIP", "\x1b[31m\x00\x01", "\xff\xfe invalid", "]]></failure><x", "# TODO # SKIP #", "\u0085\u2028\ufffe\uffff", `"\<&'>`, "Subtest: x",
}

// oddResults returns results with s wherever a string can come from outside, at each status.
func oddResults(s string) Results {
	r := Results{Target: s, Profile: contract.Fixed, Stopped: s}
	for i, status := range []Status{Passed, Failed, Skipped, NotRun} {
		r.Cases = append(r.Cases, Result{
			ID: fmt.Sprintf("odd.%d", i), Title: "odd", Row: "a row", Weight: 1, Status: status,
			Reason: s + " is why", Notes: []string{s}, Calls: []string{s},
		})
	}
	r.Cases = append(r.Cases, Result{ID: "odd.late", Title: "odd", Weight: 1, Status: Failed, Timeout: true, Reason: s})
	return r
}

func TestFormatsStayValidWithOddStrings(t *testing.T) {
	for _, s := range odd {
		r := oddResults(s)
		for _, format := range Formats {
			assert.True(t, utf8.ValidString(printed(t, r, format)), "%s: %q", format, s)
		}
		for _, format := range []string{"human", "ktap"} {
			text := printed(t, r, format)
			assert.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }), "%s: %q: %q", format, s, text)
		}
		cases, err := parseKTAP(printed(t, r, "ktap"))
		require.NoError(t, err, "%q", s)
		require.Len(t, cases, len(r.Cases))
		for i, c := range cases {
			assert.Equal(t, i == 0 || i == 2, c.ok, "%q: %v", s, c)
		}
		assert.Equal(t, []string{"", "", "SKIP", "ERROR", "TIMEOUT"}[2:], []string{cases[2].directive, cases[3].directive, cases[4].directive})
		var junit struct {
			Errors int `xml:"errors,attr"`
			Cases  []struct {
				Failure []string `xml:"failure"`
				Error   []string `xml:"error"`
			} `xml:"testsuite>testcase"`
		}
		require.NoError(t, xml.Unmarshal([]byte(printed(t, r, "junit")), &junit), "%q", s)
		require.Len(t, junit.Cases, len(r.Cases))
		assert.Equal(t, []int{1, 1, 1, 1}, []int{junit.Errors, len(junit.Cases[1].Failure), len(junit.Cases[3].Error), len(junit.Cases[4].Failure)})
		for _, format := range []string{"json", "gradescope"} {
			assert.True(t, json.Valid([]byte(printed(t, r, format))), "%s: %q", format, s)
		}
	}
}

func TestFormatsOfARunThatCannotBegin(t *testing.T) {
	r := Unrun(Options{Only: []string{"open.new", "open.twice"}}, errors.New("no server is there"))
	assert.Equal(t, ExitNotRun, r.Exit())
	assert.Empty(t, printed(t, r, "human"), "the command's error says it all")
	cases, err := parseKTAP(printed(t, r, "ktap"))
	require.NoError(t, err)
	assert.Len(t, cases, 2)
	assert.Equal(t, "ERROR", cases[0].directive)
	assert.Equal(t, "no server is there", cases[0].as)
	var g gradescopeResults
	require.NoError(t, json.Unmarshal([]byte(printed(t, r, "gradescope")), &g))
	assert.Equal(t, gradescopeTest{Name: "open gives a new session, without a capacity", Number: "open.new", MaxScore: 3, Status: "failed", Output: "not run to its end: no server is there"}, g.Tests[0])
	assert.Contains(t, g.Output, "no server is there\n0 passed, 0 failed, 0 skipped, 2 not run; 0 of 6 points; ")
}
