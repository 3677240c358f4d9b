package device_test

import (
	"fmt"
	"log"
	"strconv"
	"syscall"

	"fullex/device"
)

// Counter is a module whose file counts: a read returns the next number, and a write sets
// it. Each session has its own count.
type Counter struct{}

// Name implements device.Module.
func (Counter) Name() string { return "counter" }

// Load implements device.Module.
func (Counter) Load(log *device.Log) []device.File {
	log.Print("counter: ready")
	open := func(device.Client) (device.Handle, error) { return new(counting), nil }
	return []device.File{{Name: "counter", Mode: 0o666, Open: open, Restore: restore}}
}

// Unload implements device.Module.
func (Counter) Unload(log *device.Log) { log.Print("counter: gone") }

// counting is a session. Its methods implement device.Handle.
type counting struct{ n int }

func (c *counting) Read(p []byte) (int, error) {
	c.n++
	return copy(p, strconv.Itoa(c.n)+"\n"), nil
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := strconv.Atoi(string(p))
	if err != nil {
		return 0, syscall.EINVAL
	}
	c.n = n
	return len(p), nil
}

func (c *counting) Close() {}

// Save implements device.Saver.
func (c *counting) Save() ([]byte, error) { return []byte(strconv.Itoa(c.n)), nil }

// restore is the device.File.Restore of the counter.
func restore(_ device.Client, saved []byte) (device.Handle, error) {
	n, err := strconv.Atoi(string(saved))
	if err != nil {
		return nil, syscall.EINVAL
	}
	return &counting{n}, nil
}

// A module is a type with three methods. NewKernel registers it.
func ExampleModule() {
	k := device.NewKernel(append(device.Modules(), Counter{})...)
	fmt.Println(k.Load("counter"), k.Files())

	s, err := k.Open("counter", device.Client{User: &device.User{}, Door: "/"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Write([]byte("41")))
	p := make([]byte, 10)
	n, err := s.Read(p)
	fmt.Printf("%q %v\n", p[:n], err)

	fmt.Println(k.Unload("counter"), k.Files())
	fmt.Println(s.Read(p))
	// Output:
	// <nil> [counter]
	// 2 <nil>
	// "42\n" <nil>
	// <nil> []
	// 0 input/output error
}

// A session goes on in another kernel, as in an upgrade of the server. In between, what was
// saved is encoded.
func ExampleSaver() {
	user := &device.User{}
	k := device.NewKernel(Counter{})
	fmt.Println(k.Load("counter"))
	s, err := k.Open("counter", device.Client{User: user, Door: "/"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Write([]byte("41")))
	saved, err := k.Save()
	if err != nil {
		log.Fatal(err)
	}
	session, err := s.Save()
	if err != nil {
		log.Fatal(err)
	}

	next := device.NewKernel(Counter{})
	fmt.Println(next.Restore(saved))
	if s, err = next.RestoreSession(session, user); err != nil {
		log.Fatal(err)
	}
	p := make([]byte, 10)
	n, err := s.Read(p)
	fmt.Printf("%q %v\n", p[:n], err)
	// Output:
	// <nil>
	// 2 <nil>
	// <nil>
	// "42\n" <nil>
}
