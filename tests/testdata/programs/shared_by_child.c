/* A forked child shares its parent's descriptor: the parent reads what the child writes.
   The session ends when both have closed the descriptor. A child that opens the device
   itself has a deque of its own. */
#include "device.h"

static void writes_and_reads(int fd)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		pop(fd, 2);
		push(fd, 4);
		push(fd, -5);
		_exit(0); /* closes the child's descriptor, but the session continues */
	}
	reap(pid);
	pop(fd, -5);
	pop(fd, 4);
	refuse_pop("read after all values were popped", fd);
	push(fd, 6);
}

static void opens_for_itself(int fd)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		int own = open_device(O_RDWR);

		refuse_pop("read of the child's own new session", own);
		set_capacity(own, 1);
		push(own, 100);
		pop(fd, 6);
		pop(own, 100);
		close_device(own);
		push(fd, 8);
		_exit(0);
	}
	reap(pid);
	pop(fd, 8);
}

/* outlives closes the parent's descriptor first. The child continues to use its own. */
static void outlives(int fd)
{
	struct gate closed;
	pid_t pid;

	make_gate(&closed);
	pid = fork_child();
	if (pid == 0) {
		pass(&closed);
		push(fd, 10);
		pop(fd, 10);
		_exit(0);
	}
	close_device(fd);
	refuse_open("open by the parent while the child has the file open");
	open_gate(&closed);
	reap(pid);
}

int main(int argc, char **argv)
{
	int fd;

	begin(argc, argv);
	for (int i = 0; i < 2; i++) {
		fd = open_device(O_RDWR);
		refuse_pop("read of a new session", fd);
		set_capacity(fd, 3);
		push(fd, 2);
		writes_and_reads(fd);
		opens_for_itself(fd);
		outlives(fd);
	}
	return 0;
}
