package trace

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"fullex/p9srv/wire"
)

// line is the JSON form of an event.
type line struct {
	Time    string         `json:"time"`
	Conn    uint64         `json:"conn"`
	Event   string         `json:"event,omitempty"`   // about the connection
	From    string         `json:"from,omitempty"`    // client or server
	Message string         `json:"message,omitempty"` // name of the type, or "type N"
	Tag     *uint16        `json:"tag,omitempty"`
	Size    uint32         `json:"size,omitempty"`
	FID     *uint32        `json:"fid,omitempty"`
	Path    string         `json:"path,omitempty"`
	NewPath string         `json:"new_path,omitempty"`
	Fields  map[string]any `json:"fields,omitempty"` // data in hexadecimal
	Body    string         `json:"body,omitempty"`   // in hexadecimal, if its fields cannot be read
	Request string         `json:"request,omitempty"`
	Errno   string         `json:"errno,omitempty"`
	TookNS  *int64         `json:"took_ns,omitempty"`
}

func appendJSON(out []byte, e *event) []byte {
	l := line{Time: e.at.Format(time.RFC3339Nano), Conn: e.conn, Event: e.note}
	if e.note == "" {
		l.describe(e)
	}
	text, err := json.Marshal(l)
	if err != nil { // no value of a line causes one, but the output must be JSON in any case
		text, _ = json.Marshal(map[string]string{"error": err.Error()}) // strings cause no error
	}
	return append(append(out, text...), '\n')
}

// describe fills in the parts about a message.
func (l *line) describe(e *event) {
	frame := e.known()
	tag := frame.Tag()
	l.From, l.Message, l.Tag, l.Size = "client", frame.Type().String(), &tag, e.size
	l.Path, l.NewPath = e.path, e.newPath
	if e.path != "" {
		l.FID = &e.fid
	}
	l.Fields, l.Body = jsonFields(e)
	if !e.reply {
		return
	}
	l.From = "server"
	if errno, ok := refusal(frame); ok {
		l.Errno = errnoName(errno)
	}
	if e.request != 0 {
		took := e.took.Nanoseconds()
		l.Request, l.TookNS = e.request.String(), &took
	}
}

// jsonFields returns the fields of a message. It returns the body instead if the message
// does not have the fields of its type. A message that is too large to show has neither.
func jsonFields(e *event) (values map[string]any, body string) {
	if e.frame == nil {
		return nil, ""
	}
	fields, ok := e.frame.Fields()
	if !ok {
		return nil, hex.EncodeToString(e.frame[wire.HeadSize:])
	}
	values = make(map[string]any)
	for name, field := range fields {
		values[name] = field.Value()
		if data, ok := values[name].([]byte); ok {
			values[name] = hex.EncodeToString(data)
		}
	}
	return values, ""
}
