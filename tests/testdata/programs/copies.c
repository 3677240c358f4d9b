/* Copies of a descriptor, by dup, dup2 and fcntl, are one open file with one
   session. The session ends when the last copy is closed. */
#include "device.h"

int main(int argc, char **argv)
{
	int fds[4];

	begin(argc, argv);
	for (int round = 0; round < 2; round++) {
		fds[0] = open_device(O_RDWR);
		fds[1] = dup(fds[0]);
		fds[2] = dup2(fds[0], 50);
		fds[3] = fcntl(fds[1], F_DUPFD, 60);
		for (int i = 0; i < 4; i++)
			if (fds[i] < 0)
				fail("copy %d: %s", i, strerror(errno));
		set_capacity(fds[3], 4);
		for (int i = 0; i < 4; i++)
			push(fds[i], 2 * i);
		for (int i = 0; i < 4; i++)
			pop(fds[3 - i], 2 * i);
		for (int i = 0; i < 4; i++) { /* closes the copies, in another order in each round */
			int now = fds[(i + 2 * round) % 4];

			refuse_open("second open while a copy is open");
			push(now, 2 * i);
			pop(now, 2 * i);
			close_device(now);
		}
	}
	return 0;
}
