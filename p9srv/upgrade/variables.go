package upgrade

// Words by which this package runs a program.
const (
	// stateVariable has the number of the state's descriptor, for the new program.
	stateVariable = "FULLEX_STATE"
	// tryVariable asks a program to try a state and end: [Tried]. Its value is formatsWord,
	// or checkWord with the state as standard input.
	tryVariable = "FULLEX_TRY_STATE"
	formatsWord = "formats"
	checkWord   = "check"
)
