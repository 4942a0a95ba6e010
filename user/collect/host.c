// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - owns reading the host's totals from /proc.
 *
 * These are the independent figures that the books are held against, so nothing here comes
 * from our own programs. Unknown lines are skipped: kernels add some.
 */
#include "collect/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/units.h"
#include "collect/words.h"

/* One line of text at a time; moves *text on. */
static bool next_line(const char **text, const char *end, const char **ret_line, size_t *ret_len)
{
	const char *nl;

	if (*text >= end)
		return false;
	nl = memchr(*text, '\n', end - *text);
	*ret_line = *text;
	*ret_len = (nl ? nl : end) - *text;
	*text = nl ? nl + 1 : end;
	return true;
}

/* The next decimal number in the line, 0 where there is none; moves *p on. */
static __u64 next_number(const char **p, const char *end)
{
	__u64 v = 0;

	while (*p < end && (**p < '0' || **p > '9'))
		(*p)++;
	while (*p < end && **p >= '0' && **p <= '9')
		v = v * 10 + (*(*p)++ - '0');
	return v;
}

static bool starts_with(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && !memcmp(line, word, n);
}

static void parse_cpu_line(const char *p, const char *end, __u64 tick_ns, struct host_cpu *cpu)
{
	__u64 *const fields[] = { &cpu->user_ns,   &cpu->nice_ns, &cpu->system_ns,  &cpu->idle_ns,
				  &cpu->iowait_ns, &cpu->irq_ns,  &cpu->softirq_ns, &cpu->steal_ns };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		*fields[i] = next_number(&p, end) * tick_ns;
}

void host_parse_stat(const char *text, size_t len, unsigned long ticks_per_second, struct host *ret)
{
	const char *end = text + len, *line, *p;
	size_t n;

	ret->online_cpus = 0;
	while (next_line(&text, end, &line, &n)) {
		p = memchr(line, ' ', n);
		if (!p)
			p = line + n;
		if (starts_with(line, n, "cpu "))
			parse_cpu_line(p, line + n, NS_PER_S / ticks_per_second, &ret->cpu);
		else if (starts_with(line, n, "cpu"))
			ret->online_cpus++;
		else if (starts_with(line, n, "ctxt "))
			ret->context_switches = next_number(&p, line + n);
		else if (starts_with(line, n, "processes "))
			ret->forks = next_number(&p, line + n);
		else if (starts_with(line, n, "btime "))
			ret->boot_time_s = next_number(&p, line + n);
		else if (starts_with(line, n, "procs_running "))
			ret->procs_running = next_number(&p, line + n);
		else if (starts_with(line, n, "procs_blocked "))
			ret->procs_blocked = next_number(&p, line + n);
	}
}

void host_parse_meminfo(const char *text, size_t len, struct host_memory *ret)
{
	const struct {
		const char *name;
		__u64 *to;
	} fields[] = {
		{ "MemTotal:", &ret->total },
		{ "MemFree:", &ret->free },
		{ "MemAvailable:", &ret->available },
		{ "Buffers:", &ret->buffers },
		{ "Cached:", &ret->cached },
		{ "SReclaimable:", &ret->slab_reclaimable },
		{ "Slab:", &ret->slab },
		{ "Active:", &ret->active },
		{ "Inactive:", &ret->inactive },
		{ "Shmem:", &ret->shmem },
		{ "SwapTotal:", &ret->swap_total },
		{ "SwapFree:", &ret->swap_free },
	};
	const char *end = text + len, *line, *p;
	size_t i, n;

	while (next_line(&text, end, &line, &n)) {
		for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			if (!starts_with(line, n, fields[i].name))
				continue;
			p = line + strlen(fields[i].name);
			*fields[i].to = next_number(&p, line + n) * 1024;
		}
	}
}

void host_parse_vmstat(const char *text, size_t len, struct host *ret)
{
	const char *end = text + len, *line, *p;
	size_t n;

	while (next_line(&text, end, &line, &n)) {
		p = line + (n < 7 ? n : 7);
		if (starts_with(line, n, "pswpin "))
			ret->swap_in_pages = next_number(&p, line + n);
		else if (starts_with(line, n, "pswpout "))
			ret->swap_out_pages = next_number(&p, line + n);
	}
}

/* A whole file of /proc into a buffer that is kept for the next time. */
static ssize_t read_file(const char *path, char **buf, size_t *cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		if (*cap - len < 4096 && array_grow(buf, cap, *cap + 16384, 1, SIZE_MAX)) {
			close(fd);
			return -ENOMEM;
		}
		n = read(fd, *buf + len, *cap - len - 1);
		if (n <= 0)
			break;
		len += n;
	}
	(*buf)[len] = '\0';
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	return n;
}

static void parse_loadavg(const char *text, struct host *ret)
{
	if (sscanf(text, "%lf %lf %lf", &ret->load[0], &ret->load[1], &ret->load[2]) != 3)
		ret->load[0] = ret->load[1] = ret->load[2] = 0;
}

void host_pressure_open(struct host_pressure *pressure)
{
	static const char *const paths[PSI_RESOURCES] = {
		[PSI_CPU] = "/proc/pressure/cpu",
		[PSI_MEMORY] = "/proc/pressure/memory",
		[PSI_IO] = "/proc/pressure/io",
	};
	int i;

	for (i = 0; i < PSI_RESOURCES; i++)
		pressure->fd[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
}

void host_pressure_close(struct host_pressure *pressure)
{
	int i;

	for (i = 0; i < PSI_RESOURCES; i++)
		if (pressure->fd[i] >= 0)
			close(pressure->fd[i]);
}

/* A kernel that does not measure it has no such files, or refuses to read them. */
void host_pressure_read(const struct host_pressure *pressure, struct host *ret)
{
	char text[256];
	ssize_t n;
	int i;

	ret->pressure_known = true;
	for (i = 0; i < PSI_RESOURCES; i++) {
		n = pread(pressure->fd[i], text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		if (!words_pressure(text, ret->pressure_ns[i]))
			ret->pressure_known = false;
	}
}

int host_read(struct host *ret)
{
	char *buf = NULL;
	size_t cap = 0;
	ssize_t n;
	int err = 0;

	n = read_file("/proc/stat", &buf, &cap);
	if (n >= 0) {
		host_parse_stat(buf, n, sysconf(_SC_CLK_TCK), ret);
		ret->boot_time_s += clock_boottime_offset_ns() / (__s64)NS_PER_S;
	} else {
		err = n;
	}
	n = read_file("/proc/meminfo", &buf, &cap);
	if (n >= 0)
		host_parse_meminfo(buf, n, &ret->memory);
	else if (!err)
		err = n;
	/* A host can be watched without these two. */
	n = read_file("/proc/vmstat", &buf, &cap);
	if (n >= 0)
		host_parse_vmstat(buf, n, ret);
	n = read_file("/proc/loadavg", &buf, &cap);
	if (n >= 0)
		parse_loadavg(buf, ret);
	free(buf);
	return err;
}
