// SPDX-License-Identifier: GPL-2.0-only
/*
 * task.c - one process that behaves in one way for a time, and rests before and after.
 *
 *	task KIND MS [FILE]
 *
 *	burn      uses the CPU                    nap      sleeps a millisecond at a time
 *	syscalls  uses it in the kernel           mixed    0.3 ms of CPU, 0.2 ms of sleep
 *	bounce    burns, on another CPU every time it looks
 *	pingpong  two threads that wake each other through pipes
 *	direct    reads FILE past the page cache  fsync    writes FILE and waits for the disk
 *	vfork     waits for a child as vfork does, uninterruptibly
 *	buffered  writes FILE through the page cache, then fsync, then reads it past it
 *
 * Says "ready"; told to go on it works and says "done"; told so again it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>

#include "point.h"

enum { BLOCK = 4096, BLOCKS = 256 };

struct task {
	const char *kind, *file;
	long long end_ns;
	int to[2], from[2];
	char *buf;
};

static int running(const struct task *t)
{
	return clock_now(CLOCK_MONOTONIC) < t->end_ns;
}

static void nap_ns(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static void burn(struct task *t)
{
	burn_until(t->end_ns);
}

static void nap(struct task *t)
{
	while (running(t))
		nap_ns(NS_PER_MS);
}

static void syscalls(struct task *t)
{
	char c;

	while (running(t))
		if (pread(t->to[0], &c, 1, 0) >= 0) /* ESPIPE: a whole system call for nothing */
			die("pread");
}

static void mixed(struct task *t)
{
	while (running(t)) {
		burn_until(clock_now(CLOCK_MONOTONIC) + 300000);
		nap_ns(200000);
	}
}

static void bounce(struct task *t)
{
	cpu_set_t all, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		die("sched_getaffinity");
	while (running(t)) {
		do
			cpu = (cpu + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(cpu, &all));
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one))
			die("sched_setaffinity");
		burn_until(clock_now(CLOCK_MONOTONIC) + 100000);
	}
}

static void *pong(void *arg)
{
	struct task *t = arg;
	char c;

	while (read(t->to[0], &c, 1) == 1 && c != 'q')
		if (write(t->from[1], &c, 1) != 1)
			die("write");
	return NULL;
}

static void ping(struct task *t)
{
	char c = 'p';

	while (running(t))
		if (write(t->to[1], &c, 1) != 1 || read(t->from[0], &c, 1) != 1)
			die("ping");
}

static int open_file(const struct task *t, int flags)
{
	int fd = open(t->file, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0)
		die(t->file);
	return fd;
}

static void fill(const struct task *t, int fd)
{
	int i;

	for (i = 0; i < BLOCKS; i++)
		if (pwrite(fd, t->buf, BLOCK, (off_t)i * BLOCK) != BLOCK)
			die("pwrite");
	if (fsync(fd))
		die("fsync");
}

static void read_direct(const struct task *t, int fd, long n)
{
	long i;

	for (i = 0; n ? i < n : running(t); i++)
		if (pread(fd, t->buf, BLOCK, (i % BLOCKS) * BLOCK) != BLOCK)
			die("pread");
}

static void direct(struct task *t)
{
	int fd = open_file(t, O_DIRECT);

	read_direct(t, fd, 0);
	close(fd);
}

static void write_sync(struct task *t)
{
	int fd = open_file(t, 0);

	while (running(t))
		fill(t, fd);
	close(fd);
}

static void buffered(struct task *t)
{
	int fd = open_file(t, 0), past = open_file(t, O_DIRECT);

	fill(t, fd);
	read_direct(t, past, 2L * BLOCKS);
	close(past);
	close(fd);
}

static void wait_in_vfork(struct task *t)
{
	pid_t pid;

	while (running(t)) {
		pid = vfork();
		if (pid < 0)
			die("vfork");
		if (!pid) {
			nap_ns(20 * NS_PER_MS);
			_exit(0);
		}
		if (waitpid(pid, NULL, 0) != pid)
			die("waitpid");
	}
}

static const struct {
	const char *kind;
	void (*run)(struct task *t);
} kinds[] = {
	{ "burn", burn },	  { "nap", nap },	   { "syscalls", syscalls },
	{ "mixed", mixed },	  { "bounce", bounce },	   { "pingpong", ping },
	{ "direct", direct },	  { "fsync", write_sync }, { "vfork", wait_in_vfork },
	{ "buffered", buffered },
};

static void prepare(struct task *t)
{
	if (pipe2(t->to, O_CLOEXEC) || pipe2(t->from, O_CLOEXEC))
		die("pipe2");
	if (posix_memalign((void **)&t->buf, BLOCK, BLOCK))
		die("posix_memalign");
	memset(t->buf, 'v', BLOCK);
	if (!strcmp(t->kind, "direct")) {
		int fd = open_file(t, 0);

		fill(t, fd);
		close(fd);
	}
}

static void run(struct task *t, long long ms)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, t->kind))
			continue;
		point("ready");
		t->end_ns = clock_now(CLOCK_MONOTONIC) + ms * NS_PER_MS;
		kinds[i].run(t);
		point("done");
		return;
	}
	fprintf(stderr, "no such kind: %s\n", t->kind);
	exit(2);
}

int main(int argc, char **argv)
{
	struct task t = { 0 };
	pthread_t partner;
	int pingpong;

	if (argc < 3)
		return 2;
	t.kind = argv[1];
	t.file = argv[3];
	pingpong = !strcmp(t.kind, "pingpong");
	prepare(&t);
	if (pingpong && pthread_create(&partner, NULL, pong, &t))
		die("pthread_create");
	run(&t, number(argv[2]));
	if (pingpong && (write(t.to[1], "q", 1) != 1 || pthread_join(partner, NULL)))
		die("pthread_join");
	return 0;
}
