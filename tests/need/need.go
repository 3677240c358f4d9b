// Package need skips the tests that a machine cannot run. If the environment variable
// FULLEX_REQUIRE_ALL is 1 they fail instead, so that where everything is installed no
// test is left out unseen.
package need

import (
	"os"
	"testing"
)

// Stranger is the number of a user without any right (nobody).
const Stranger = 65534

// Skip ends a test for want of what the words say. It skips it, or fails it if
// FULLEX_REQUIRE_ALL is 1.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("FULLEX_REQUIRE_ALL") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Root skips a test that acts as several users, which only root can.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Skip(t, "only root can act as another user")
	}
}
