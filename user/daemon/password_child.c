// SPDX-License-Identifier: GPL-2.0-only
/*
 * password_child.c - owns the loop of the process that does bcrypt.
 *
 * Only the part behind the salt is compared, and in constant time: in the salt's last character
 * some bits mean nothing, and crypt(3) clears them.
 */
#include "daemon/password_child.h"

#include <crypt.h>
#include <errno.h>
#include <nettle/memops.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "daemon/side_process.h"
#include "http/password_wire.h"
#include "sandbox/process.h"

/* So on a busy host it still has a quarter of a CPU: nobody waits long to be let in at first. */
enum { SALT_END = 29, NICENESS = 5 };

/* struct crypt_data has 32 KiB; one process, one question at a time. */
static struct crypt_data scratch;

static bool password_matches(const char *password, const char *hash)
{
	const char *got = crypt_rn(password, hash, &scratch, sizeof(scratch));
	bool matches = got && strlen(got) == BCRYPT_HASH_LEN &&
		       memeql_sec(got + SALT_END, hash + SALT_END, BCRYPT_HASH_LEN - SALT_END);

	explicit_bzero(&scratch, sizeof(scratch));
	return matches;
}

bool password_hash_works(const char *hash)
{
	char cheap[BCRYPT_HASH_LEN + 1];
	const char *got;

	memcpy(cheap, hash, sizeof(cheap));
	cheap[4] = '0';
	cheap[5] = '4';
	got = crypt_rn("", cheap, &scratch, sizeof(scratch));
	return got && strlen(got) == BCRYPT_HASH_LEN;
}

static void password_run(int fd, const void *ctx)
{
	struct password_ask ask;
	ssize_t n;

	while ((n = recv(fd, &ask, sizeof(ask), 0)) != 0) {
		struct password_said said = { .id = ask.id };

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(ask))
			return;
		ask.hash[BCRYPT_HASH_LEN] = '\0';
		ask.password[PASSWORD_MAX] = '\0';
		said.matches = password_matches(ask.password, ask.hash);
		said.cpu_ns = process_cpu_ns(RUSAGE_SELF);
		explicit_bzero(&ask, sizeof(ask));
		if (send(fd, &said, sizeof(said), MSG_NOSIGNAL) != sizeof(said))
			return;
	}
}

int password_start(pid_t *ret_pid, int *ret_fd, const char **ret_what)
{
	const struct side_process_plan plan = {
		.name = "vigie-password",
		.role = CONFINE_VERIFIER,
		.niceness = NICENESS,
		.run = password_run,
	};

	return side_process_start(&plan, ret_pid, ret_fd, ret_what);
}
