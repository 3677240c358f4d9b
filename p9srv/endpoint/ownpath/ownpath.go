// Package ownpath opens directories and makes files for a process of root that other users
// may try to mislead.
//
// # The danger
//
// The kernel looks up a path name by name. A user who may write to a directory on the way can
// replace the next name with a symbolic link. Root then works in a directory that this user
// chose, but could not change alone.
//
// # What is done
//
// A process of root works with the descriptor of a directory. It follows no links of other
// users. Before it uses the text of a path again, it asks whether the path is fixed: no other
// user can make it lead elsewhere. A new file has its mode from the beginning, by the umask.
//
// # Concurrency
//
// The functions may run at the same time.
package ownpath
