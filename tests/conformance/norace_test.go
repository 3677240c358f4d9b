//go:build !race

package conformance

// raceDetector says whether the test was built with -race.
const raceDetector = false
