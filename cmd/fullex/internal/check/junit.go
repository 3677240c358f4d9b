package check

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of JUnit's XML that its readers agree on.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Error   *junitMessage `xml:"error,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// junit writes JUnit's XML. The class of a case is the part of its id before the first ".".
func junit(w io.Writer, r Results) error {
	failed, _ := r.Count(Failed)
	skipped, _ := r.Count(Skipped)
	notRun, _ := r.Count(NotRun)
	suite := junitSuite{
		Name: "fullex check " + r.Target, Tests: len(r.Cases), Failures: failed, Errors: notRun, Skipped: skipped,
		Time: seconds(r.Time), Timestamp: r.Start.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"target", r.Target}, {"profile", string(r.Profile)}, {"seed", fmt.Sprint(r.Seed)}, {"sessions", fmt.Sprint(r.Sessions)}, {"repeat", r.Repeat},
		},
	}
	if r.Contract != "" {
		suite.Properties = append(suite.Properties, junitProperty{"contract", r.Contract})
	}
	for _, c := range r.Cases {
		suite.Cases = append(suite.Cases, junitOf(c))
	}
	all := junitSuites{Tests: suite.Tests, Failures: failed, Errors: notRun, Skipped: skipped, Time: suite.Time, Suites: []junitSuite{suite}}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func junitOf(c Result) junitCase {
	group, _, _ := strings.Cut(c.ID, ".")
	skipped := "skipped, because " + c.Reason
	if c.Hidden {
		group, skipped = "hidden", ""
	}
	j := junitCase{Class: "full_ex." + group, Name: c.ID, Time: seconds(c.Time)}
	text := strings.Join(c.explanation(), "\n")
	switch c.Status {
	case Failed:
		kind := "contract"
		if c.Timeout {
			kind = "timeout"
		}
		j.Failure = &junitMessage{Message: c.Reason, Type: kind, Text: text}
	case Skipped:
		j.Skipped = &junitMessage{Message: skipped}
	case NotRun:
		j.Error = &junitMessage{Message: c.Reason, Type: "not-run", Text: text}
	default:
		j.Output = text
	}
	return j
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
