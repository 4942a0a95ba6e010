// SPDX-License-Identifier: GPL-2.0-only
/* descriptors.c - owns closing what a forked process must not keep. */
#include "app/descriptors.h"

#include <stdbool.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1024 }; /* more we never have */

void descriptors_keep(const int *keep, size_t n)
{
	bool kept;
	size_t i;
	int fd;

	for (fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++) {
		kept = false;
		for (i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if (!kept)
			close(fd);
	}
}
