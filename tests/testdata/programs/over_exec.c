/* A descriptor that stays open over exec keeps its session, and the new program is the
   same client. A descriptor that exec closes ends its session. */
#include "device.h"

#define COPY 30 /* the descriptor that stays open */

static void kept(void)
{
	pop(COPY, 2);
	refuse_open("second open by the new program");
	close_device(COPY);
}

int main(int argc, char **argv)
{
	char *again[] = { argv[0], argv[1], "kept", NULL, NULL };
	const char *stage = begin(argc, argv);
	int fd;

	again[3] = way_each ? "each" : NULL;
	if (!stage) {
		fd = open_device(O_RDWR);
		set_capacity(fd, 1);
		push(fd, 2);
		want("dup2", result(dup2(fd, COPY)), COPY);
		close_device(fd);
		execv(argv[0], again);
		fail("exec: %s", strerror(errno));
	}
	if (strcmp(stage, "kept") == 0) {
		kept();
		again[2] = "closed";
		set_capacity(open_device(O_RDWR | O_CLOEXEC), 1);
		execv(argv[0], again);
		fail("exec: %s", strerror(errno));
	}
	fd = open_device(O_RDWR);
	refuse_pop("read of a new session", fd);
	close_device(fd);
	return 0;
}
