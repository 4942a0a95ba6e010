// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_units.c - what units cost, as the JSON document has it.
 *
 * Owns: names and order of these members. What is not known is null, so that every unit has all
 * of them. Counters are since the first snapshot, as in the books. Not here: rows of processes
 * (json.c).
 */
#include "export/json_units.h"

#define AT(member) offsetof(struct unit_figures, member)

/* Members in the order of the document; neighbours of one object are in that object. */
static const struct unit_member {
	const char *object, *name; /* object NULL: the unit itself */
	size_t offset;
	bool seconds;
} members[] = {
	{ "memory_bytes", "anon", AT(memory[UNIT_ANON]), false },
	{ "memory_bytes", "file", AT(memory[UNIT_FILE]), false },
	{ "memory_bytes", "shmem", AT(memory[UNIT_SHMEM]), false },
	{ "memory_bytes", "kernel", AT(memory[UNIT_KERNEL]), false },
	{ "memory_bytes", "socket", AT(memory[UNIT_SOCKET]), false },
	{ "memory_bytes", "hugetlb", AT(memory[UNIT_HUGETLB]), false },
	{ NULL, "memory_charged_bytes", AT(memory_charged), false },
	{ NULL, "memory_working_set_bytes", AT(memory_working), false },
	{ NULL, "memory_limit_bytes", AT(memory_limit), false },
	{ NULL, "tasks", AT(tasks), false },
	{ NULL, "tasks_limit", AT(tasks_limit), false },
	{ NULL, "cpu_throttled_seconds_total", AT(throttled_ns), true },
	{ NULL, "cpu_throttled_periods_total", AT(throttled_periods), false },
	{ NULL, "cpu_periods_total", AT(periods), false },
	{ NULL, "oom_kills_total", AT(oom_kills), false },
};

static void unit_value(struct json *j, const struct unit_figures *figures,
		       const struct unit_member *m)
{
	__u64 value = *(const __u64 *)((const char *)figures + m->offset);

	if (!(figures->has >> m->offset / sizeof(__u64) & 1))
		json_literal(j, m->name, "null");
	else if (m->seconds)
		json_seconds(j, m->name, value);
	else
		json_u64(j, m->name, value);
}

static void unit_values(struct json *j, const struct unit_figures *figures)
{
	const char *object = NULL;
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].object != object) {
			if (object)
				json_close(j, '}');
			object = members[i].object;
			if (object)
				json_open(j, object, '{');
		}
		unit_value(j, figures, &members[i]);
	}
}

void json_pressure(struct json *j, const __u64 ns[PSI_RESOURCES][PSI_STALLS], __u64 has)
{
	static const char *const resources[] = { "cpu", "memory", "io" };
	static const char *const stalls[] = { "some", "full" };
	int r, s;

	json_open(j, "pressure_seconds_total", '{');
	for (r = 0; r < PSI_RESOURCES; r++) {
		json_open(j, resources[r], '{');
		for (s = 0; s < PSI_STALLS; s++) {
			if (has >> (r * PSI_STALLS + s) & 1)
				json_seconds(j, stalls[s], ns[r][s]);
			else
				json_literal(j, stalls[s], "null");
		}
		json_close(j, '}');
	}
	json_close(j, '}');
}

void json_units(struct json *j, const struct view *view)
{
	static const struct unit_figures nothing;
	size_t i;

	json_open(j, "units", '[');
	for (i = 0; i < view->nunits; i++) {
		const struct unit_view *unit = &view->units[i];
		const struct unit_figures *figures = unit->figures ? unit->figures : &nothing;

		json_line(j);
		json_open(j, NULL, '{');
		json_text(j, "unit", unit->unit);
		json_text(j, "cgroup", unit->cgroup);
		json_text(j, "container_id", unit->container_id);
		json_text(j, "pod_uid", unit->pod_uid);
		json_text(j, "runtime", unit->runtime);
		unit_values(j, figures);
		json_pressure(j, figures->pressure_ns,
			      figures->has >> AT(pressure_ns) / sizeof(__u64));
		json_close(j, '}');
	}
	json_close(j, ']');
}
