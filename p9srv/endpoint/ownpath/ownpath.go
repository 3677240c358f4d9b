// Package ownpath opens directories for a process that other users may mislead.
//
// A path is looked up name by name. Whoever may write to a directory on the way can
// replace the next name with a symbolic link. A process of root then works in a
// directory that this user chose and may not change. So processes of root work with
// the descriptor of a directory, follow no links of other users, and ask whether a
// path is fixed before they use its text again. What they make has its mode from the
// beginning, by the umask.
//
// The functions may run at the same time.
package ownpath
