package device

// MinimalProc is the tutorial's module minimal_proc_lkm: what is written to its
// file becomes lines of the log, and reading it gives EIO.
type MinimalProc struct{}

var _ Module = MinimalProc{}

// Name implements Module.
func (MinimalProc) Name() string { return "minimal_proc_lkm" }

// Load implements Module.
func (MinimalProc) Load(log *Log) []File {
	log.Print("minimal_proc_lkm: Hello procfile is created")
	open := func(c Client) (Handle, error) { return &minimalProcSession{log, c.User}, nil }
	return []File{{Name: "minimal_proc_lkm", Mode: 0o666, Open: open}}
}

// Unload implements Module.
func (MinimalProc) Unload(log *Log) { log.Print("goodbye") }

// minimalProcSession writes for one user.
type minimalProcSession struct {
	log  *Log
	user *User
}

var _ Handle = (*minimalProcSession)(nil)

// MaxLine is how many bytes a write to minimal_proc_lkm may have.
const MaxLine = 1024

// Write makes p a line of the log, in printable form. It takes at most MaxLine
// bytes, EINVAL above and for none. A line that is too much for the user's
// share of the log is dropped and counted there; the write succeeds.
func (s *minimalProcSession) Write(p []byte) (int, error) {
	if len(p) > MaxLine || len(p) == 0 {
		return 0, errLong
	}
	s.log.PrintFor(s.user, func() string { return "minimal_proc_lkm: " + Printable(p) })
	return len(p), nil
}

// Read returns EIO, as the module does.
func (s *minimalProcSession) Read([]byte) (int, error) { return 0, errNoReading }

// Close does nothing.
func (s *minimalProcSession) Close() {}
