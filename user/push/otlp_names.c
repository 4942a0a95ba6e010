// SPDX-License-Identifier: GPL-2.0-only
/*
 * otlp_names.c - owns the tables of names: see docs/push-names.md, which says the same for people.
 *
 * A name of vigie's own keeps all of the family's name, unit included: so no two become one
 * (vigie_self_shed and vigie_self_shed_seconds), and what translates names for Prometheus, which
 * adds a unit only where there is none, arrives at the name of the page.
 */
#include "push/otlp_names.h"

#include <string.h>

/* clang-format off */
static const struct otlp_twin twins[] = {
	{ "vigie_process_cpu_seconds", "process.cpu.time", "s", "mode", "cpu.mode", NULL, NULL, false },
	{ "vigie_process_resident_memory_bytes", "process.memory.usage", "By",
	  "kind", "vigie.memory.kind", NULL, NULL, true },
	{ "vigie_process_context_switches", "process.context_switches", "{context_switch}",
	  "kind", "process.context_switch.type", NULL, NULL, false },
	{ "vigie_process_page_faults", "process.paging.faults", "{fault}",
	  "kind", "system.paging.fault.type", NULL, NULL, false },
	{ "vigie_process_read_bytes", "process.disk.io", "By", NULL, NULL, "disk.io.direction", "read", false },
	{ "vigie_process_written_bytes", "process.disk.io", "By", NULL, NULL, "disk.io.direction", "write", false },
	{ "vigie_process_threads", "process.thread.count", "{thread}", NULL, NULL, NULL, NULL, true },
};

static const char *const attributes[][2] = {
	{ "cgroup", "process.linux.cgroup" },
	{ "container_id", "container.id" },
	{ "image", "container.image.name" },
	{ "pod_uid", "k8s.pod.uid" },
	{ "pod", "k8s.pod.name" },
	{ "namespace", "k8s.namespace.name" },
};

static const char *const units[][2] = { { "seconds", "s" }, { "bytes", "By" }, { "ratio", "1" } };
/* clang-format on */

const struct otlp_twin *otlp_twin(const char *family)
{
	size_t i;

	for (i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (!strcmp(twins[i].family, family))
			return &twins[i];
	return NULL;
}

/* vigie_host_load1: vigie.host.load1; what a process says of itself: vigie.daemon. */
static void own_name(struct buf *out, const char *name)
{
	static const char ours[] = "vigie_", daemon[] = "process_";
	const char *rest;

	buf_str(out, "vigie.");
	if (!strncmp(name, daemon, strlen(daemon))) {
		buf_str(out, "daemon.");
		buf_str(out, name + strlen(daemon));
		return;
	}
	if (!strncmp(name, ours, strlen(ours)))
		name += strlen(ours);
	rest = strchr(name, '_');
	if (rest) {
		buf_add(out, name, rest - name);
		buf_char(out, '.');
		name = rest + 1;
	}
	buf_str(out, name);
}

void otlp_metric_name(struct buf *out, const struct page_family *family)
{
	const struct otlp_twin *twin = otlp_twin(family->name);

	if (twin)
		buf_str(out, twin->name);
	else
		own_name(out, family->name);
	if (family->type == PAGE_INFO)
		buf_str(out, ".info");
}

const char *otlp_unit(const struct page_family *family)
{
	const struct otlp_twin *twin = otlp_twin(family->name);
	size_t i;

	if (twin)
		return twin->unit;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i][0], family->unit))
			return units[i][1];
	return "1";
}

void otlp_attribute_name(struct buf *out, const struct otlp_twin *twin, const char *label)
{
	size_t i;

	if (twin && twin->label && !strcmp(twin->label, label)) {
		buf_str(out, twin->attribute);
		return;
	}
	for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (!strcmp(attributes[i][0], label)) {
			buf_str(out, attributes[i][1]);
			return;
		}
	buf_str(out, "vigie.");
	buf_str(out, label);
}
