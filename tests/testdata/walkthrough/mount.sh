# The tutorial from its first module to its last, with what every system has.
# The working directory is the mount.
log() { sed 's/^\[[^]]*\] //' kmsg | grep -v -e ': opened by' -e ': closed by'; }
value() { od -An -td4 | tr -d ' '; }

echo '# hello world'
echo rmmod helloworld > ctl
cat modules
echo insmod helloworld > ctl
log

echo '# a file that takes lines'
echo a line of mine > minimal_proc_lkm
cat minimal_proc_lkm
log | tail -n 1

echo '# the deque'
exec 3<>full_ex
printf '\003' >&3
printf '\001\000\000\000' >&3
printf '\002\000\000\000' >&3
printf '\003\000\000\000' >&3
printf '\004\000\000\000' >&3
(exec 4<>full_ex)
dd bs=4 count=1 <&3 2>/dev/null | value
dd bs=4096 count=1 <&3 2>/dev/null | value
awk '$1 == "full_ex" { print $2, $5, $6 }' sessions
cat <&3 | value

echo '# unloaded while open'
ls
echo rmmod full_ex > ctl
ls
printf '\005\000\000\000' >&3
cat <&3
exec 3>&-
cat full_ex
echo rmmod full_ex > ctl
echo insmod full_ex > ctl
exec 3<>full_ex
printf '\001' >&3
printf '\012\000\000\000' >&3
dd bs=4 count=1 <&3 2>/dev/null | value
exec 3>&-
cat modules
log | tail -n 5
