package upgrade

// Environment variables through which this package talks to the new program.
const (
	// stateVariable contains the number of the descriptor of the state.
	stateVariable = "FULLEX_STATE"
	// tryVariable makes a program run only for a trial: see [Tried]. Its value says what to
	// try.
	tryVariable = "FULLEX_TRY_STATE"
	// formatsWord asks the program to print the formats that it reads.
	formatsWord = "formats"
	// checkWord asks the program to check the state on its standard input.
	checkWord = "check"
)
