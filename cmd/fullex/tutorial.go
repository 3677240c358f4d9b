package main

import "github.com/hugelgupf/p9/linux"

// tutorial is the session that demo shows: that of the kernel module's tutorial, and every
// way to misuse the device.
var tutorial = []step{
	{note: "A session starts with its capacity, one byte.", call: "open"},
	{note: "Nothing else is taken before it.", call: "push", arg: 7, want: linux.EACCES},
	{call: "read", arg: 4, want: linux.EACCES},
	{call: "capacity", arg: 0, want: linux.EINVAL},
	{call: "capacity", arg: 101, want: linux.EINVAL},
	{call: "capacity", arg: 5},
	{note: "Odd numbers go left, even ones right; -3 is odd.", call: "push", arg: 1},
	{call: "push", arg: 2},
	{call: "push", arg: -3},
	{call: "push", arg: 4},
	{call: "push", arg: 0},
	{note: "Full.", call: "push", arg: 9, want: linux.EACCES},
	{note: "The capacity is set once, and a value has four bytes.", call: "capacity", arg: 6, want: linux.EINVAL},
	{call: "write", arg: 3, want: linux.EINVAL},
	{call: "write", arg: 8, want: linux.EINVAL},
	{call: "write", arg: 0, want: linux.EINVAL},
	{note: "A client has the device open once.", call: "open", want: linux.EACCES},
	{note: "Reads take the leftmost, one a call, however much is asked for.", call: "read", arg: 4},
	{call: "read", arg: 4096},
	{call: "read", arg: 3, want: linux.EINVAL},
	{call: "read", arg: 0, want: linux.EINVAL},
	{call: "read", arg: 4},
	{call: "read", arg: 4},
	{call: "read", arg: 4},
	{note: "Empty.", call: "read", arg: 4, want: linux.EACCES},
	{note: "Closing frees the session; the next one starts anew.", call: "push", arg: 11},
	{call: "close"},
	{call: "open"},
	{call: "read", arg: 4, want: linux.EACCES},
	{call: "capacity", arg: 2},
	{call: "push", arg: 6},
	{call: "read", arg: 4},
	{call: "close"},
}
