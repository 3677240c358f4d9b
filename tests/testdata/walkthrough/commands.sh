# The tutorial from its first module to its last, with the commands of fullex.
# T is the target: an endpoint or a mount.
log() { fullex dmesg "$T" | sed 's/^\[[^]]*\] //' | grep -v -e ': opened by' -e ': closed by' -e ': refused'; }

echo '# hello world'
fullex rmmod "$T" helloworld
fullex lsmod "$T"
fullex insmod "$T" helloworld
log

echo '# a file that takes lines'
fullex write "$T" minimal_proc_lkm a line of mine
fullex cat "$T" minimal_proc_lkm || echo "status $?"
log | tail -n 1

echo '# the deque'
fullex shell "$T" <<'END' || echo "status $?"
push 1
open
init 3
push 1 2 3 4
open
pop 3
pop
END

echo '# unloaded while open'
fullex ls "$T"
# The shell waits for its next line while the module goes.
{
	echo open
	echo init 2
	echo push 6
	echo pop
	while ! fullex sessions "$T" | grep -q ' 2  *0 '; do :; done
	fullex rmmod "$T" full_ex
	echo push 8
	echo close
	echo open
} | fullex shell "$T" || echo "status $?"
fullex ls "$T"
fullex rmmod "$T" full_ex || echo "status $?"
fullex insmod "$T" full_ex
fullex insmod "$T" full_ex || echo "status $?"
fullex insmod "$T" nosuch || echo "status $?"
fullex ls "$T" each
fullex lsmod "$T"
log | tail -n 5
