// Package strict tells authors of 9P clients which rules of the protocol their clients break.
// It watches the messages of each connection and logs a line for each broken rule.
//
// # Layers
//
// [Watch.Layer] is a layer around the [p9srv.Processor] of a connection; see
// [p9srv.Server.Layer]. It passes all messages on unchanged. It must be the innermost layer:
// it expects one reply to each request, in the order of requests, as the server itself answers.
//
// # Rules
//
// [Rules] is the only table of them. Its sources are section 5 of the Plan 9 manual and, for
// the messages of 9P2000.L, diod's protocol.md. A broken rule is a sin if the source says
// "must", "illegal" or "error". It is a note if the source says "should", or allows what
// clients of other servers must not rely on. Sins are logged at Warn, and notes at Info. When
// the connection ends, a last line counts both.
//
// # What is certain
//
// Some rules are about replies that the client has not seen yet: it must not use a tag again
// before the reply to it. A server knows when it sent a reply, but not when the client
// received it. One case is certain. The server reads several requests together, before it
// sends any reply to them. Then the client sent the later ones without the reply to the
// earlier ones. Only this case is reported. The guide cmd/fullex/doc/strict.md says what
// follows from that.
//
// # Limits
//
// What a connection holds is bounded: a record for each fid, up to maxFiles; maxOffsets
// directory offsets; and what is in flight, which fits the server's buffer. Beyond a bound
// less is reported, and never too much.
package strict
