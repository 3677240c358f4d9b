/* A second open by a process is refused and does no harm. After a close the process can
   open the device again, any number of times. Each new session is empty. */
#include "device.h"

#define TIMES 1000

int main(int argc, char **argv)
{
	int fd;

	begin(argc, argv);
	fd = open_device(O_RDWR);
	refuse_open("second open, before there is a capacity");
	set_capacity(fd, 3);
	push(fd, 8);
	refuse_open("second open");
	refuse_open("third open");
	pop(fd, 8);
	close_device(fd);
	want("read after close", result(read(fd, &fd, 4)), -EBADF);

	for (int i = 0; i < TIMES; i++) {
		fd = open_device(O_RDWR);
		refuse_pop("read of a new session", fd);
		want("write of a value to a new session", push_result(fd, i), -EACCES);
		set_capacity(fd, 2);
		refuse_pop("read of an empty deque", fd);
		push(fd, i);
		push(fd, 2 * i);
		want("write to a full deque", push_result(fd, i), -EACCES);
		if (i % 3 == 0) /* other sessions end while they have values */
			pop(fd, i);
		close_device(fd);
	}
	return 0;
}
