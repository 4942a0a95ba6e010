// SPDX-License-Identifier: GPL-2.0-only
/* host_id.c - owns the derivation: HMAC-SHA256, keyed by the machine id, of our own id, as a random UUID's bits. */
#include "base/host_id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <nettle/hmac.h>

enum { ID_BYTES = 16 };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int id_bytes(const char *text, uint8_t ret[ID_BYTES])
{
	size_t i;

	if (strlen(text) != 2 * ID_BYTES)
		return -EINVAL;
	for (i = 0; i < ID_BYTES; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int host_id_derive(const char *machine_id, char ret[HOST_ID_LEN])
{
	uint8_t key[ID_BYTES], application[ID_BYTES], id[ID_BYTES];
	struct hmac_sha256_ctx hmac;
	size_t i;
	int err = id_bytes(machine_id, key);

	if (!err)
		err = id_bytes(HOST_ID_APPLICATION, application);
	if (err)
		return err;
	hmac_sha256_set_key(&hmac, sizeof(key), key);
	hmac_sha256_update(&hmac, sizeof(application), application);
	hmac_sha256_digest(&hmac, sizeof(id), id);
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	for (i = 0; i < ID_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02x", id[i]);
	return 0;
}

int host_id_read(char ret[HOST_ID_LEN])
{
	char machine_id[HOST_ID_LEN];
	int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, machine_id, sizeof(machine_id) - 1);
	int err = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	machine_id[n > 0 ? n : 0] = '\0';
	ret[0] = '\0';
	return err ? err : host_id_derive(machine_id, ret);
}
