package device

import "strings"

// Control executes a text that was written to the file ctl: "insmod NAME", "rmmod NAME" or
// "upgrade", with or without a newline. It returns the error of Load, Unload or Upgrade, or
// EINVAL for any other text, and logs every error.
//
// The caller must have checked that the writer may do that.
func (k *Kernel) Control(text string) error {
	text = strings.TrimSuffix(text, "\n")
	if text == "upgrade" && k.Upgrade != nil {
		return k.Upgrade()
	}
	verb, name, ok := strings.Cut(text, " ")
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
		also := ""
		if k.Upgrade != nil {
			also = `, or "upgrade"`
		}
		k.log.Print("ctl: " + Printable([]byte(text[:min(len(text), most)])) + `: want "insmod NAME" or "rmmod NAME"` + also)
		return errControl
	}
	if err != nil {
		k.log.Print("ctl: " + verb + " " + Printable([]byte(name)) + ": " + err.Error())
	}
	return err
}
