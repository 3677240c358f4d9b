// Package need skips the tests that a machine cannot run. If the environment variable
// FULLEX_REQUIRE_ALL is 1 they fail instead: a machine that has everything must run every
// test.
package need

import (
	"os"
	"testing"
)

// Stranger is the id of a user and a group without any rights (nobody).
const Stranger = 65534

// Skip ends a test and says what the machine lacks. It skips the test, or fails it if
// FULLEX_REQUIRE_ALL is 1.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("FULLEX_REQUIRE_ALL") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Root skips a test that acts as several users, unless root runs it.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Skip(t, "only root can act as another user")
	}
}
