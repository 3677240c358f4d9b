/* A second open by one process is refused and harms nobody; after a close the
   open works again, as often as one likes, and nothing of before is left. */
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
		refuse_pop("read of a session that is new", fd);
		want("write of a value to a session that is new", push_result(fd, i), -EACCES);
		set_capacity(fd, 2);
		refuse_pop("read of an empty deque", fd);
		push(fd, i);
		push(fd, 2 * i);
		want("write to a full deque", push_result(fd, i), -EACCES);
		if (i % 3 == 0) /* the other sessions end with their values */
			pop(fd, i);
		close_device(fd);
	}
	return 0;
}
