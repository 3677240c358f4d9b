package device

// HelloWorld is the tutorial's first module. It has no file and logs a greeting.
type HelloWorld struct{}

var _ Module = HelloWorld{}

// Name implements Module.
func (HelloWorld) Name() string { return "helloworld" }

// Load implements Module.
func (HelloWorld) Load(log *Log) []File {
	log.Print("Hello, world")
	return nil
}

// Unload implements Module.
func (HelloWorld) Unload(log *Log) { log.Print("Goodbye, you awesome people") }
