// SPDX-License-Identifier: GPL-2.0-only
/* cpus.c - owns the parser of CPU lists. */
#include "base/cpus.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Digits at *at, which moves behind them. */
static int take_id(const char **at, unsigned int *ret)
{
	unsigned int id = 0;

	if (!isdigit((unsigned char)**at))
		return -EINVAL;
	for (; isdigit((unsigned char)**at); (*at)++) {
		id = 10 * id + (**at - '0');
		if (id >= CPUS_MAX)
			return -ERANGE;
	}
	*ret = id;
	return 0;
}

/* "3" or "8-11". */
static int take_range(const char **at, struct cpus *cpus)
{
	unsigned int id, last;
	int err = take_id(at, &id);

	last = id;
	if (!err && **at == '-') {
		(*at)++;
		err = take_id(at, &last);
	}
	if (err)
		return err;
	if (last < id)
		return -EINVAL;
	for (; id <= last; id++) {
		cpus->n += !cpus->has[id];
		cpus->has[id] = true;
	}
	if (last >= cpus->end)
		cpus->end = last + 1;
	return 0;
}

int cpus_parse(const char *text, struct cpus *ret)
{
	struct cpus cpus = { .n = 0 };
	const char *at = text;
	int err = 0;

	while (*at && *at != '\n' && !err) {
		err = take_range(&at, &cpus);
		if (!err && *at == ',' && isdigit((unsigned char)at[1]))
			at++;
		else if (!err && *at && *at != '\n')
			err = -EINVAL;
	}
	if (err)
		return err;
	if (*at == '\n' && at[1])
		return -EINVAL;
	*ret = cpus;
	return 0;
}

int cpus_read(const char *path, struct cpus *ret)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1); /* sysfs gives a page at most, at once */
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	text[n] = '\0';
	return cpus_parse(text, ret);
}
