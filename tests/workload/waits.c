// SPDX-License-Identifier: GPL-2.0-only
/*
 * waits.c - threads that each wait for one kind of thing, and are named after it.
 *
 *	waits DIRECTORY SECONDS
 *
 *	waits chain SECONDS
 *	waits turns SECONDS
 *
 * DIRECTORY is on a disk, for files of ours. chain: only four threads, each of which waits for the
 * next: first (pipe) for second (futex) for third (eventfd) for fourth, which sleeps. turns: only
 * "asks", which waits for "helps" by a pipe and an eventfd in turn; that sleeps 4 ms for the one and
 * 8 for the other. Prints "ready" once all wait; ends after so long.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 32 << 20, STRIDE = 256 << 10 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int pipe_ends[2], sockets[2], event;
static int disk_file;

static void naps(long us)
{
	const struct timespec t = { .tv_nsec = us * 1000 };

	nanosleep(&t, NULL);
}

static void hold_lock(void)
{
	for (;;) {
		pthread_mutex_lock(&mutex);
		naps(20000);
		pthread_mutex_unlock(&mutex);
		naps(500);
	}
}

static void wait_lock(void)
{
	for (;;) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
}

static void wait_sleep(void)
{
	for (;;)
		naps(10000);
}

static void feed(void)
{
	const long long one = 1;

	for (;;) {
		naps(10000);
		if (write(pipe_ends[1], "x", 1) < 0 || write(sockets[1], "x", 1) < 0 ||
		    write(event, &one, sizeof(one)) < 0)
			exit(1);
	}
}

static void wait_pipe(void)
{
	char c;

	while (read(pipe_ends[0], &c, 1) > 0)
		;
}

static void wait_network(void)
{
	char c;

	while (recv(sockets[0], &c, 1, 0) > 0)
		;
}

static void wait_event(void)
{
	long long n;

	while (read(event, &n, sizeof(n)) > 0)
		;
}

static void wait_epoll(void)
{
	int fd = epoll_create1(0);
	struct epoll_event got;

	for (;;)
		epoll_wait(fd, &got, 1, 10);
}

static void wait_poll(void)
{
	for (;;)
		poll(NULL, 0, 10);
}

static void wait_fsync(void)
{
	static char block[4096];

	for (;;)
		if (pwrite(disk_file, block, sizeof(block), FILE_BYTES) < 0 || fsync(disk_file))
			exit(1);
}

static void wait_fault(void)
{
	volatile char sum = 0;
	long at;
	char *p;

	for (;;) {
		posix_fadvise(disk_file, 0, FILE_BYTES, POSIX_FADV_DONTNEED);
		p = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, disk_file, 0);
		for (at = 0; at < FILE_BYTES; at += STRIDE)
			sum += p[at];
		munmap(p, FILE_BYTES);
	}
}

static void wait_child(void)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid) {
			naps(5000);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* --- A chain: what the fourth begins goes to the first. */

static sem_t handed;

static void run_first(void)
{
	wait_pipe();
}

static void run_second(void)
{
	for (;;) {
		while (sem_wait(&handed))
			;
		if (write(pipe_ends[1], "x", 1) < 0)
			exit(1);
	}
}

static void run_third(void)
{
	long long n;

	while (read(event, &n, sizeof(n)) > 0)
		sem_post(&handed);
}

static void run_fourth(void)
{
	const long long one = 1;

	for (;;) {
		naps(20000);
		if (write(event, &one, sizeof(one)) < 0)
			exit(1);
	}
}

/* --- Turns: one waker, two reasons. */

static sem_t asked;

static void run_asks(void)
{
	long long n;
	char c;

	for (;;) {
		sem_post(&asked);
		if (read(pipe_ends[0], &c, 1) != 1)
			exit(1);
		sem_post(&asked);
		if (read(event, &n, sizeof(n)) != sizeof(n))
			exit(1);
	}
}

static void help(int fd, size_t bytes, long us)
{
	const long long one = 1;

	while (sem_wait(&asked))
		;
	naps(us);
	if (write(fd, &one, bytes) < 0)
		exit(1);
}

static void run_helps(void)
{
	for (;;) {
		help(pipe_ends[1], 1, 4000);
		help(event, sizeof(long long), 8000);
	}
}

static const struct {
	const char *name; /* what it should be seen to wait for, "-" and which of its kind */
	void (*run)(void);
} threads[] = {
	{ "lock", wait_lock },	  { "sleep-holder", hold_lock }, { "sleep", wait_sleep },
	{ "sleep-feeder", feed }, { "pipe", wait_pipe },	 { "network", wait_network },
	{ "event", wait_event },  { "poll-epoll", wait_epoll },	 { "poll", wait_poll },
	{ "disk", wait_fsync },	  { "major fault", wait_fault }, { "child", wait_child },
	{ "first", run_first },	  { "second", run_second },	 { "third", run_third },
	{ "fourth", run_fourth }, { "asks", run_asks },		 { "helps", run_helps },
};

/* Which of them a run has. */
static const struct cast {
	const char *mode; /* NULL: that of a directory */
	size_t begin, n;
} casts[] = { { "chain", 12, 4 }, { "turns", 16, 2 }, { NULL, 0, 12 } };

static void *named(void *arg)
{
	size_t i = (size_t)arg;

	prctl(PR_SET_NAME, threads[i].name);
	threads[i].run();
	return NULL;
}

static void prepare(const char *directory)
{
	char path[4096], *block = calloc(1, 1 << 20);
	int i;

	snprintf(path, sizeof(path), "%s/waits.dat", directory);
	disk_file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (disk_file < 0 || pipe(pipe_ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		exit(1);
	event = eventfd(0, 0);
	memset(block, 1, 1 << 20);
	for (i = 0; i < FILE_BYTES >> 20; i++)
		if (write(disk_file, block, 1 << 20) < 0)
			exit(1);
	fsync(disk_file);
	free(block);
}

int main(int argc, char **argv)
{
	const struct cast *cast = casts;
	pthread_t thread;
	size_t i;

	if (argc != 3)
		return 2;
	while (cast->mode && strcmp(cast->mode, argv[1]))
		cast++;
	if (!cast->mode) {
		prepare(argv[1]);
	} else {
		event = eventfd(0, 0);
		if (event < 0 || sem_init(&handed, 0, 0) || sem_init(&asked, 0, 0) ||
		    pipe(pipe_ends))
			return 1;
	}
	for (i = cast->begin; i < cast->begin + cast->n; i++)
		pthread_create(&thread, NULL, named, (void *)i);
	printf("ready\n");
	fflush(stdout);
	sleep(strtol(argv[2], NULL, 10));
	_exit(0);
}
