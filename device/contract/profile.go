package contract

// Profile selects which behaviour is correct.
type Profile string

// The profiles.
const (
	Fixed  Profile = "fixed"  // the contract only
	Module Profile = "module" // the contract, and also what the original does
)

// Profiles lists the names of all profiles.
var Profiles = []string{string(Fixed), string(Module)}
