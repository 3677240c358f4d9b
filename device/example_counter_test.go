package device_test

import (
	"fmt"
	"strconv"
	"syscall"

	"fullex/device"
)

// Counter is a module of its own: every read of its file gives the next
// number, and a write of a number sets it. Each session counts for itself.
type Counter struct{}

func (Counter) Name() string { return "counter" }

func (Counter) Load(log *device.Log) []device.File {
	log.Print("counter: ready")
	open := func(device.Client) (device.Handle, error) { return new(counting), nil }
	return []device.File{{Name: "counter", Mode: 0o666, Open: open}}
}

func (Counter) Unload(log *device.Log) { log.Print("counter: gone") }

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

// A module is one type, and a line that registers it.
func ExampleModule() {
	k := device.NewKernel(append(device.Modules(), Counter{})...)
	fmt.Println(k.Load("counter"), k.Files())

	s, _ := k.Open("counter", device.Client{User: &device.User{}, Door: "/"})
	_, _ = s.Write([]byte("41"))
	p := make([]byte, 10)
	n, _ := s.Read(p)
	fmt.Printf("%s", p[:n])

	fmt.Println(k.Unload("counter"), k.Files())
	_, err := s.Read(p)
	fmt.Println(err)
	// Output:
	// <nil> [counter]
	// 42
	// <nil> []
	// input/output error
}
