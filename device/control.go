package device

import "strings"

// Control obeys a text that was written to ctl: "insmod NAME" or "rmmod NAME",
// with or without a line end. EINVAL for any other text, after a log line that
// says what was expected; otherwise as Load and Unload.
//
// Whether the writer may do that is for the caller to know.
func (k *Kernel) Control(text string) error {
	verb, name, ok := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	if !ok || name == "" || strings.ContainsAny(name, " \t\n") {
		verb = ""
	}
	var err error
	switch verb {
	case "insmod":
		err = k.Load(name)
	case "rmmod":
		err = k.Unload(name)
	default:
		const most = 64
		k.log.Print("ctl: " + Printable([]byte(text[:min(len(text), most)])) + `: want "insmod NAME" or "rmmod NAME"`)
		return errControl
	}
	if err != nil {
		k.log.Print("ctl: " + verb + " " + Printable([]byte(name)) + ": " + err.Error())
	}
	return err
}
