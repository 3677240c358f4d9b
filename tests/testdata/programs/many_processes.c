/* 64 processes have the device open at the same time, and each finds its own
   values in its own deque, in the device's order. */
#include "device.h"

#define PROCESSES 64
#define VALUES 40

/* value_of returns value i of a process. It is odd if i is odd, and it may be
   negative. */
static int32_t value_of(int process, int i)
{
	return (process % 2 ? -1 : 1) * (1000 * process + i);
}

static void child(int process, int ready, struct gate *all_ready)
{
	int fd = open_device(O_RDWR);

	set_capacity(fd, VALUES);
	for (int i = 0; i < VALUES; i++)
		push(fd, value_of(process, i));
	want("write to a full deque", push_result(fd, 0), -EACCES);
	want("write to the parent", result(write(ready, "", 1)), 1);
	close(ready);
	pass(all_ready);
	refuse_open("second open");
	for (int i = VALUES - 1; i > 0; i -= 2) /* odd: pushed left, so the last comes first */
		pop(fd, value_of(process, i));
	for (int i = 0; i < VALUES; i += 2) /* even: pushed right */
		pop(fd, value_of(process, i));
	refuse_pop("read of an empty deque", fd);
	close_device(fd);
}

int main(int argc, char **argv)
{
	pid_t children[PROCESSES];
	int ready[2];
	char byte;
	struct gate all_ready;

	begin(argc, argv);
	want("pipe", result(pipe(ready)), 0);
	make_gate(&all_ready);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork_child();
		if (children[i] == 0) {
			close(ready[0]);
			child(i, ready[1], &all_ready);
			return 0;
		}
	}
	close(ready[1]);
	for (int i = 0; i < PROCESSES; i++)
		if (read(ready[0], &byte, 1) != 1)
			break; /* one has ended early and said why */
	open_gate(&all_ready);
	for (int i = 0; i < PROCESSES; i++)
		reap(children[i]);
	return 0;
}
