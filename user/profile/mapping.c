// SPDX-License-Identifier: GPL-2.0-only
/* mapping.c - owns the form of the line: numbers and a path, which may hold anything but a newline. */
#include "profile/mapping.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

bool mapping_parse(char *line, struct mapping *ret)
{
	unsigned int major, minor;
	unsigned long long start, end, offset, inode;
	char perms[5] = "";
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, perms, &offset, &major,
		   &minor, &inode, &at) < 7)
		return false;
	*ret = (struct mapping){ .start = start,
				 .end = end,
				 .offset = offset,
				 .dev = makedev(major, minor),
				 .inode = inode,
				 .executable = perms[2] == 'x',
				 .path = line + at };
	return true;
}
