/* SPDX-License-Identifier: GPL-2.0-only */
/* logic_load.h - owns loading logic.bpf.c, for the test programs that call it. */
#ifndef TESTS_BPF_LOGIC_LOAD_H
#define TESTS_BPF_LOGIC_LOAD_H

#include <sys/mman.h>
#include <vigie/abi.h>

#include "bpf_test.h"
#include "gen/logic.skel.h"
#include "logic.h"

static struct logic_bpf *skel;
static struct vigie_cpu *slots; /* of the map "cpus", mapped */
static int ncpus;

static int load_logic(void **state)
{
	struct bpf_program *prog;

	if (bpf_refused())
		return 0;
	ncpus = libbpf_num_possible_cpus();
	skel = logic_bpf__open();
	if (!skel)
		return -1;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, true);
	skel->rodata->cfg_task_storage = true;
	skel->rodata->cfg_off_cpu = true;
	bpf_map__set_max_entries(skel->maps.cpus, ncpus);
	if (logic_bpf__load(skel))
		return -1;
	slots = mmap(NULL, ncpus * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(skel->maps.cpus), 0);
	return slots == MAP_FAILED ? -1 : 0;
}

static int unload_logic(void **state)
{
	if (slots)
		munmap(slots, ncpus * sizeof(*slots));
	logic_bpf__destroy(skel);
	return 0;
}

static int clear_slots(void **state)
{
	if (slots)
		memset(slots, 0, ncpus * sizeof(*slots));
	return 0;
}

#define LOGIC_TEST(f) cmocka_unit_test_setup(f, clear_slots)

#endif
