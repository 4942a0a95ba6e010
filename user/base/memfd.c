// SPDX-License-Identifier: GPL-2.0-only
/* memfd.c - owns the seals: which are put on, and which are asked for. */
#include "base/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int memfd_sealed(const char *name, const void *data, size_t len)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	if (n != (ssize_t)len)
		err = n < 0 ? -errno : -EIO;
	if (!err && fcntl(fd, F_ADD_SEALS, seals))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int memfd_check(int fd, size_t max, size_t *ret_size)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	/* A descriptor without seals answers -1, which has all bits set. */
	if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &st) || st.st_size < 0)
		return -EINVAL;
	if ((size_t)st.st_size > max)
		return -EFBIG;
	*ret_size = st.st_size;
	return 0;
}
