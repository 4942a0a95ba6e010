// SPDX-License-Identifier: GPL-2.0-only
/*
 * code.c - owns libdwfl: modules at their addresses.
 *
 * It is asked for call frame information only: its symbol search is linear (1 ms a sample, measured).
 */
#include "profile/code.h"

#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

enum {
	CFI_KNOWN = 1024, /* a power of two */
	CALL_BYTES = 7, /* of a call instruction at most */
	ENTRY_BYTES = 64, /* of a first function at most, up to its call */
	EXCEPTION = 0, /* DWARF's number of the register that an exception is handed over in */
};

struct code {
	Dwfl *dwfl;
	struct placed *maps; /* by start */
	size_t nmaps;
	volatile __u32 *busy;
	struct cfi known[CFI_KNOWN]; /* asking libdw takes longer than unwinding */
};

/* The file's debug information is not asked for: .eh_frame is in the file itself. */
static int no_debuginfo(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **ret)
{
	return -1;
}

static int no_elf(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base, char **file,
		  Elf **ret)
{
	return -1;
}

static const Dwfl_Callbacks dwfl_callbacks = {
	.find_elf = no_elf,
	.find_debuginfo = no_debuginfo,
};

/*
 * The load segment that holds this offset tells where the file thinks that it is. Only a segment of
 * code can: lld lets it begin in the page of the file in which the one before ends.
 */
static int bias_of(int fd, const struct symbolizer_map *map, __u64 *ret)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	size_t n = 0, i;
	GElf_Phdr ph;
	int err = -ENOEXEC;

	if (elf && !elf_getphdrnum(elf, &n)) {
		for (i = 0; i < n && i < 128; i++) {
			if (!gelf_getphdr(elf, i, &ph) || ph.p_type != PT_LOAD ||
			    !(ph.p_flags & PF_X))
				continue;
			if (map->offset + 0xfff < ph.p_offset ||
			    map->offset >= ph.p_offset + ph.p_filesz)
				continue;
			*ret = map->start - (ph.p_vaddr - ph.p_offset + map->offset);
			err = 0;
			break;
		}
	}
	elf_end(elf);
	return err;
}

/* Two mappings of one file at one bias are one module. */
static bool reported(const struct code *code, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (code->maps[i].usable && code->maps[i].map.module == code->maps[n].map.module &&
		    code->maps[i].bias == code->maps[n].bias)
			return true;
	return false;
}

static void code_report(struct code *code, size_t n, const int *fds, __u32 nfds)
{
	struct placed *p = &code->maps[n];
	char name[32];
	int fd;

	if (!p->map.file || p->map.module >= nfds || fds[p->map.module] < 0)
		return;
	*code->busy = p->map.module;
	if (bias_of(fds[p->map.module], &p->map, &p->bias))
		return;
	if (reported(code, n)) {
		p->usable = true;
		return;
	}
	fd = dup(fds[p->map.module]);
	snprintf(name, sizeof(name), "m%u.%zu", p->map.module, n);
	/* It keeps the descriptor if it succeeds. */
	if (fd >= 0 && dwfl_report_elf(code->dwfl, name, "", fd, p->bias, true))
		p->usable = true;
	else if (fd >= 0)
		close(fd);
}

struct code *code__new(const struct symbolizer_map *maps, size_t nmaps, const int *fds, __u32 nfds,
		       volatile __u32 *busy)
{
	struct code *code = calloc(1, sizeof(*code));
	size_t i;

	if (!code)
		return NULL;
	code->busy = busy;
	code->maps = calloc(nmaps ? nmaps : 1, sizeof(*code->maps));
	code->dwfl = dwfl_begin(&dwfl_callbacks);
	if (!code->maps || !code->dwfl) {
		code__free(code);
		return NULL;
	}
	code->nmaps = nmaps;
	dwfl_report_begin(code->dwfl);
	for (i = 0; i < nmaps; i++) {
		code->maps[i].map = maps[i];
		code_report(code, i, fds, nfds);
	}
	*busy = 0;
	dwfl_report_end(code->dwfl, NULL, NULL);
	return code;
}

void code__free(struct code *code)
{
	if (!code)
		return;
	dwfl_end(code->dwfl);
	free(code->maps);
	free(code);
}

Dwfl *code_dwfl(const struct code *code)
{
	return code->dwfl;
}

const struct placed *code_place(const struct code *code, __u64 pc)
{
	size_t low = 0, high = code->nmaps, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (code->maps[mid].map.end <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low < code->nmaps && code->maps[low].map.start <= pc ? &code->maps[low] : NULL;
}

static void ask_cfi(struct code *code, __u64 pc, struct cfi *ret)
{
	Dwfl_Module *mod = dwfl_addrmodule(code->dwfl, pc);
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr bias = 0;
	Dwarf_Op space[3], *ops;
	Dwarf_CFI *cfi;
	size_t n;

	*ret = (struct cfi){ .pc = pc };
	cfi = mod ? dwfl_module_eh_cfi(mod, &bias) : NULL;
	if (!cfi || dwarf_cfi_addrframe(cfi, pc - bias, &frame)) {
		cfi = mod ? dwfl_module_dwarf_cfi(mod, &bias) : NULL;
		if (!cfi || dwarf_cfi_addrframe(cfi, pc - bias, &frame))
			return;
	}
	ret->has = true;
	ret->first = !dwarf_frame_register(frame, PC, space, &ops, &n) && !n && ops == space;
	ret->throws = !dwarf_frame_register(frame, EXCEPTION, space, &ops, &n) && n;
	free(frame);
}

const struct cfi *code_cfi(struct code *code, __u64 pc)
{
	static const struct cfi none;
	const struct placed *p = code_place(code, pc);
	struct cfi *known = &code->known[hash_bytes(&pc, sizeof(pc), 0) % CFI_KNOWN];

	if (!p || !p->usable)
		return &none;
	if (known->pc != pc)
		ask_cfi(code, pc, known);
	return known;
}

/* The section that holds this address; *pc becomes relative to it. */
static Elf_Scn *section_of(const struct code *code, Dwarf_Addr *pc)
{
	Dwfl_Module *mod = dwfl_addrmodule(code->dwfl, *pc);
	Dwarf_Addr bias;

	return mod ? dwfl_module_address_section(mod, pc, &bias) : NULL;
}

static bool is_plt(const struct code *code, __u64 pc)
{
	Dwarf_Addr at = pc;
	Elf_Scn *section = section_of(code, &at);
	Elf *elf = section ? dwfl_module_getelf(dwfl_addrmodule(code->dwfl, pc), &at) : NULL;
	const char *name = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf && !elf_getshdrstrndx(elf, &names) && gelf_getshdr(section, &header))
		name = elf_strptr(elf, names, header.sh_name);
	return name && !strncmp(name, ".plt", 4);
}

enum code_call code_call_before(const struct code *code, __u64 pc, __u64 *ret_callee)
{
	Dwarf_Addr at = pc;
	Elf_Scn *section = section_of(code, &at);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const __u8 *end;
	__s32 relative;
	int n;

	if (!data || !data->d_buf || at < CALL_BYTES || at > data->d_size)
		return CODE_NO_CALL;
	end = (const __u8 *)data->d_buf + at;
	if (end[-5] == 0xe8) { /* call rel32 */
		memcpy(&relative, end - 4, sizeof(relative));
		*ret_callee = pc + relative;
		return is_plt(code, *ret_callee) ? CODE_CALL_ANYWHERE : CODE_CALL;
	}
	for (n = 2; n <= CALL_BYTES; n++) /* call r/m64: 0xff /2 */
		if (end[-n] == 0xff && (end[1 - n] & 0x38) == 0x10)
			return CODE_CALL_ANYWHERE;
	return CODE_NO_CALL;
}

bool code_is_entry(const struct code *code, const struct placed *p, __u64 pc)
{
	Dwfl_Module *mod = dwfl_addrmodule(code->dwfl, pc);
	GElf_Addr bias = 0;
	Elf *elf = mod ? dwfl_module_getelf(mod, &bias) : NULL;
	GElf_Ehdr header;

	return elf && gelf_getehdr(elf, &header) && pc - p->bias - header.e_entry < ENTRY_BYTES;
}
