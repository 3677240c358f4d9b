// Package upgrade replaces the program of a running server. Its clients stay connected:
// they see a pause of some milliseconds, and no request fails.
//
// # Steps
//
//  1. Preflight, without a pause: the new program says which formats of the state it reads.
//  2. [fullex/p9srv.Server.Freeze] stops the server between two messages of each connection.
//  3. What the server holds is written into a file in memory: a [State].
//  4. Rehearsal: the new program reads that file and rebuilds everything but the sockets.
//  5. exec(2) in the same process. Descriptors stay open, under their numbers. So the
//     process keeps its number, and peers their connections.
//  6. The new program calls [Receive], restores the server, and goes on.
//
// Whatever fails before exec, the old program goes on where it stopped.
//
// # Who may be executed
//
// The program is the file at the path that this process was started from. The file and all
// folders above it must belong to root or to the user of this process, and others must
// not be able to replace them ([Program]).
//
// # Formats
//
// The state has the number of its format in front. Within a format, fields are only added:
// a field that is missing is zero, and one that is unknown is skipped. Each field has a
// number, in the tag of its type: [State], [fullex/p9srv.Saved], [fullex/device.Saved] and
// the types that they name. A program reads its own format and the one before.
//
// # Signals
//
// A signal that is to end the process is not lost: it ends the old program before exec, or
// the new one. SIGUSR2 is blocked over exec, so that one that arrives then is delivered to
// the new program.
package upgrade
