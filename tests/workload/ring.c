// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - four threads, ring-0 to ring-3, that hand a token on: who has it wakes the next.
 *
 *	ring pipe|eventfd|futex ROUNDS
 *
 * Each thread waits ROUNDS times. One that does not sleep yet as the token comes is not woken: how
 * often it slept, by the kernel's count of its voluntary switches, each says at the end.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS = 4 };

static struct link {
	int in, out; /* ends of a pipe, or one eventfd */
	sem_t sem;
} links[THREADS];

static long rounds, slept[THREADS];

static void wait_fd(struct link *link)
{
	uint64_t token;

	if (read(link->in, &token, sizeof(token)) != sizeof(token))
		exit(1);
}

static void post_fd(struct link *link)
{
	const uint64_t token = 1;

	if (write(link->out, &token, sizeof(token)) != sizeof(token))
		exit(1);
}

static void wait_sem(struct link *link)
{
	while (sem_wait(&link->sem))
		;
}

static void post_sem(struct link *link)
{
	sem_post(&link->sem);
}

static int open_pipe(struct link *link)
{
	int ends[2], err = pipe(ends);

	link->in = ends[0];
	link->out = ends[1];
	return err;
}

static int open_event(struct link *link)
{
	link->in = link->out = eventfd(0, 0);
	return link->in < 0;
}

static int open_sem(struct link *link)
{
	return sem_init(&link->sem, 0, 0);
}

static const struct kind {
	const char *name;
	int (*open)(struct link *);
	void (*wait)(struct link *);
	void (*post)(struct link *);
} kinds[] = {
	{ "pipe", open_pipe, wait_fd, post_fd },
	{ "eventfd", open_event, wait_fd, post_fd },
	{ "futex", open_sem, wait_sem, post_sem },
};

static const struct kind *kind;

static long switches(void)
{
	struct rusage used;

	getrusage(RUSAGE_THREAD, &used);
	return used.ru_nvcsw;
}

static void *hand_on(void *arg)
{
	size_t i = (size_t)arg;
	char name[16];
	long n;

	snprintf(name, sizeof(name), "ring-%zu", i);
	prctl(PR_SET_NAME, name);
	slept[i] = -switches();
	for (n = 0; n < rounds; n++) {
		kind->wait(&links[i]);
		kind->post(&links[(i + 1) % THREADS]);
	}
	slept[i] += switches();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[1], kinds[i].name))
			kind = &kinds[i];
	if (!kind)
		return 2;
	rounds = strtol(argv[2], NULL, 10);
	for (i = 0; i < THREADS; i++)
		if (kind->open(&links[i]))
			return 1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, hand_on, (void *)i))
			return 1;
	kind->post(&links[0]);
	for (i = 0; i < THREADS; i++)
		if (!pthread_join(threads[i], NULL))
			printf("%ld\n", slept[i]);
	return 0;
}
