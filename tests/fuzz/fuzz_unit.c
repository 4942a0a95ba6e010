// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_unit.c - cgroup paths: any bytes give a name, bounded and never empty; ids have their form. */
#include "fuzz.h"

#include "model/unit.h"

static void check_text(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, 0, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = fuzz_string(data, size);
	struct unit unit;
	size_t len;

	memset(&unit, 0xa5, sizeof(unit));
	unit_from_path(path, &unit);
	free(path);
	check_text(unit.name, sizeof(unit.name));
	check_text(unit.container_id, sizeof(unit.container_id));
	check_text(unit.pod_uid, sizeof(unit.pod_uid));
	FUZZ_CHECK(unit.name[0] && unit.runtime);
	len = strlen(unit.container_id);
	/* A task's id of Fargate has a dash. */
	FUZZ_CHECK((len == 0 || len == 64 || unit.container_id[32] == '-') &&
		   strspn(unit.container_id, "0123456789abcdef-") == len);
	len = strlen(unit.pod_uid);
	FUZZ_CHECK((len == 0 || len == 32 || len == 36) &&
		   strspn(unit.pod_uid, "0123456789abcdef-") == len);
	return 0;
}
