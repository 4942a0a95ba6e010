// SPDX-License-Identifier: GPL-2.0-only
/* clocks.c - owns the perf events of a session, by CPU. */
#include "profile/clocks.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"
#include "base/units.h"

#define LOOK_NS (NS_PER_S / 10)

struct clocks {
	int prog;
	unsigned int hz, n, missed;
	bool running;
	__u64 look_ns; /* not before */
	struct cpus online; /* as it was last looked at */
	int fd[CPUS_MAX]; /* by id; -1: none */
};

static int clocks_add(struct clocks *c, unsigned int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = NS_PER_S / c->hz,
		.disabled = !c->running,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, c->prog)) {
		err = -errno;
		close(fd);
		return err;
	}
	c->fd[cpu] = fd;
	c->n++;
	return 0;
}

static void clocks_drop(struct clocks *c, unsigned int cpu)
{
	if (c->fd[cpu] < 0)
		return;
	close(c->fd[cpu]);
	c->fd[cpu] = -1;
	c->n--;
}

/*
 * A CPU that went takes its clock's ticks with it, and does not bring them back. One that is online
 * and gets none is missed: of CPUs that were there from the begin the first error is given back.
 */
static int clocks_look(struct clocks *c)
{
	struct cpus before = c->online;
	unsigned int cpu, end;
	int err = cpus_read(CPUS_ONLINE, &c->online), first = 0;

	if (err)
		return err;
	end = before.end > c->online.end ? before.end : c->online.end;
	for (cpu = 0; cpu < end; cpu++) {
		if (!c->online.has[cpu])
			clocks_drop(c, cpu);
		if (!c->online.has[cpu] || before.has[cpu])
			continue;
		err = clocks_add(c, cpu);
		c->missed += err != 0;
		if (err && err != -ENODEV && !first) /* else it was switched off since */
			first = err;
	}
	return first;
}

int clocks__open(int prog, unsigned int hz, struct clocks **ret)
{
	struct clocks *c = calloc(1, sizeof(*c));
	unsigned int cpu;
	int err;

	if (!c)
		return -ENOMEM;
	c->prog = prog;
	c->hz = hz;
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		c->fd[cpu] = -1;
	err = clocks_look(c);
	if (!err && !c->n)
		err = -ENODEV;
	if (err) {
		clocks__free(c);
		return err;
	}
	*ret = c;
	return 0;
}

void clocks__free(struct clocks *c)
{
	unsigned int cpu;

	if (!c)
		return;
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		clocks_drop(c, cpu);
	free(c);
}

int clocks__start(struct clocks *c)
{
	unsigned int cpu;

	c->running = true;
	for (cpu = 0; cpu < c->online.end; cpu++)
		if (c->fd[cpu] >= 0 && ioctl(c->fd[cpu], PERF_EVENT_IOC_ENABLE, 0))
			return -errno;
	return 0;
}

void clocks__follow(struct clocks *c)
{
	__u64 now = clock_monotonic_ns();

	if (!c->running || now < c->look_ns)
		return;
	c->look_ns = now + LOOK_NS;
	clocks_look(c);
}

unsigned int clocks__missed(const struct clocks *c)
{
	return c->missed;
}
