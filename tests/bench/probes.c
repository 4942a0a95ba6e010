// SPDX-License-Identifier: GPL-2.0-only
/*
 * probes.c - owns the kernel's run time statistics of BPF programs: `probes EMPTY.bpf.o`.
 *
 * Attaches the empty program and keeps the statistics on for as long as it lives, through a
 * descriptor, so that nothing has to be restored. For each line on standard input it prints
 * one JSON array of all programs of the kernel. With `attach` before the file the statistics
 * stay off: the program is there, and that is all. Not here: arithmetic.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_program(__u32 id, bool first)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		printf("%s{\"id\":%u,\"name\":\"%s\",\"runs\":%llu,\"run_ns\":%llu,"
		       "\"jited_bytes\":%u,\"verified_insns\":%u}",
		       first ? "" : ",", id, info.name, (unsigned long long)info.run_cnt,
		       (unsigned long long)info.run_time_ns, info.jited_prog_len,
		       info.verified_insns);
	close(fd);
}

static void print_programs(void)
{
	bool first = true;
	__u32 id = 0;

	putchar('[');
	while (!bpf_prog_get_next_id(id, &id)) {
		print_program(id, first);
		first = false;
	}
	puts("]");
	fflush(stdout);
}

static struct bpf_object *open_empty(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;

	if (!obj || bpf_object__load(obj))
		return NULL;
	prog = bpf_object__find_program_by_name(obj, "bench_empty");
	return prog && bpf_program__attach(prog) ? obj : NULL;
}

int main(int argc, char **argv)
{
	char line[16];

	bool only_attach = argc == 3 && !strcmp(argv[1], "attach");

	if (argc != 2 && !only_attach) {
		fprintf(stderr, "usage: probes [attach] EMPTY.bpf.o\n");
		return 2;
	}
	if ((!only_attach && bpf_enable_stats(BPF_STATS_RUN_TIME) < 0) ||
	    !open_empty(argv[argc - 1])) {
		fprintf(stderr, "probes: cannot measure BPF programs: %s\n", strerror(errno));
		return 1;
	}
	print_programs();
	while (fgets(line, sizeof(line), stdin))
		print_programs();
	return 0;
}
