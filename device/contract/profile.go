package contract

// Profile selects the behaviour that is right.
type Profile string

// The profiles.
const (
	Fixed  Profile = "fixed"  // the contract, as fullex keeps it
	Module Profile = "module" // what the original kernel module does is right too
)

// Profiles has the names of all profiles.
var Profiles = []string{string(Fixed), string(Module)}
