// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols.c - owns the sorted table of one file's functions.
 *
 * Sources in order: .symtab, else .dynsym; a separate debug file's .symtab; .gnu_debugdata, the
 * small table that Fedora leaves in a stripped file; names of PLT stubs from their relocations.
 */
#include "profile/symbols.h"

#include <errno.h>
#include <gelf.h>
#include <libiberty/demangle.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/symbolizer_wire.h"

enum {
	SYMBOLS_MAX = 4 << 20, /* of one file */
	ELFS_MAX = 3,
	MINI_MAX = 64 << 20, /* bytes of an unpacked .gnu_debugdata */
	DEMANGLE_MAX = 4096, /* longer mangled names stay as they are: demangling can explode */
};

struct symbol {
	uint64_t start, size;
	const char *name; /* in the mapped file */
	uint8_t rank; /* lower is better at one address */
	bool plt;
};

struct symbols {
	Elf *elfs[ELFS_MAX];
	unsigned int nelfs;
	void *mini; /* unpacked .gnu_debugdata */
	struct symbol *table;
	size_t n, room;
	bool sorted;
	char build_id[BUILD_ID_TEXT];
	char debug_link[DEBUG_LINK_TEXT];
};

static int symbols_add(struct symbols *s, const struct symbol *symbol)
{
	int err = array_grow(&s->table, &s->room, s->n + 1, sizeof(*s->table), SYMBOLS_MAX);

	if (err)
		return err;
	s->table[s->n++] = *symbol;
	return 0;
}

static Elf_Scn *section_of_type(Elf *elf, uint32_t type, GElf_Shdr *ret)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, ret) && ret->sh_type == type)
			return scn;
	return NULL;
}

static Elf_Scn *section_named(Elf *elf, const char *name, GElf_Shdr *ret)
{
	Elf_Scn *scn = NULL;
	size_t strings;
	const char *have;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, ret))
			continue;
		have = elf_strptr(elf, strings, ret->sh_name);
		if (have && !strcmp(have, name))
			return scn;
	}
	return NULL;
}

static uint8_t rank_of(const GElf_Sym *sym)
{
	uint8_t bind = GELF_ST_BIND(sym->st_info);

	return (sym->st_size ? 0 : 4) + (bind == STB_GLOBAL ? 0 : bind == STB_WEAK ? 1 : 2);
}

static int add_table(struct symbols *s, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t i, n = data && data->d_buf && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
	struct symbol symbol = { 0 };
	GElf_Sym sym;
	uint8_t type;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		if (!gelf_getsym(data, i, &sym) || !sym.st_value || sym.st_shndx == SHN_UNDEF ||
		    sym.st_shndx == SHN_ABS) /* a number, no address */
			continue;
		type = GELF_ST_TYPE(sym.st_info);
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
			continue;
		symbol.start = sym.st_value;
		symbol.size = sym.st_size;
		symbol.rank = rank_of(&sym) + (type == STT_NOTYPE ? 8 : 0);
		symbol.name = elf_strptr(elf, sh->sh_link, sym.st_name);
		if (symbol.name && symbol.name[0] && symbol.name[0] != '$')
			err = symbols_add(s, &symbol);
	}
	return err;
}

static int add_symtab(struct symbols *s, Elf *elf, uint32_t type)
{
	GElf_Shdr sh;
	Elf_Scn *scn = section_of_type(elf, type, &sh);

	return scn ? add_table(s, elf, scn, &sh) : -ENOENT;
}

/* The nth stub jumps by the nth relocation: .plt has one more at its begin. */
static void add_plt(struct symbols *s, Elf *elf)
{
	GElf_Shdr plt, rel, dyn;
	Elf_Scn *stubs = section_named(elf, ".plt.sec", &plt);
	bool lead = !stubs;
	Elf_Scn *relocations = section_named(elf, ".rela.plt", &rel);
	Elf_Scn *symbols = section_of_type(elf, SHT_DYNSYM, &dyn);
	Elf_Data *relas, *syms;
	struct symbol symbol = { .size = 16, .rank = 1, .plt = true };
	GElf_Rela rela;
	GElf_Sym sym;
	size_t i;

	if (!stubs)
		stubs = section_named(elf, ".plt", &plt);
	if (!stubs || !relocations || !symbols || !rel.sh_entsize)
		return;
	relas = elf_getdata(relocations, NULL);
	syms = elf_getdata(symbols, NULL);
	/* A separate debug file has no more of them than their headers. */
	if (!relas || !relas->d_buf || !syms || !syms->d_buf)
		return;
	for (i = 0; i < relas->d_size / rel.sh_entsize; i++) {
		if (!gelf_getrela(relas, i, &rela) ||
		    !gelf_getsym(syms, GELF_R_SYM(rela.r_info), &sym))
			continue;
		symbol.start = plt.sh_addr + 16 * (i + lead);
		symbol.name = elf_strptr(elf, dyn.sh_link, sym.st_name);
		if (symbol.name && symbol.name[0] && symbol.start < plt.sh_addr + plt.sh_size)
			symbols_add(s, &symbol);
	}
}

static Elf *take_elf(struct symbols *s, Elf *elf)
{
	if (!elf || elf_kind(elf) != ELF_K_ELF || s->nelfs == ELFS_MAX) {
		elf_end(elf);
		return NULL;
	}
	s->elfs[s->nelfs++] = elf;
	return elf;
}

/* Unpacks within MINI_MAX, whatever the stream says of its size. */
static void add_mini(struct symbols *s, Elf *elf)
{
	GElf_Shdr sh;
	Elf_Scn *scn = section_named(elf, ".gnu_debugdata", &sh);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	uint64_t memory = MINI_MAX;
	size_t in = 0, out = 0;
	void *shrunk;

	if (!data || !data->d_buf)
		return;
	s->mini = malloc(MINI_MAX);
	if (!s->mini)
		return;
	if (lzma_stream_buffer_decode(&memory, 0, NULL, data->d_buf, &in, data->d_size, s->mini,
				      &out, MINI_MAX) != LZMA_OK)
		return;
	shrunk = realloc(s->mini, out ? out : 1);
	if (shrunk)
		s->mini = shrunk;
	elf = take_elf(s, elf_memory(s->mini, out));
	if (elf)
		add_symtab(s, elf, SHT_SYMTAB);
}

static void read_build_id(char id[BUILD_ID_TEXT], Elf *elf)
{
	GElf_Shdr sh;
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Nhdr note;
	size_t at, name, desc, i;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(scn, NULL);
		for (at = 0; data && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0;) {
			if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
			    memcmp((char *)data->d_buf + name, "GNU", 4) || note.n_descsz > 64)
				continue;
			for (i = 0; i < note.n_descsz; i++)
				snprintf(id + 2 * i, 3, "%02x",
					 ((unsigned char *)data->d_buf)[desc + i]);
			return;
		}
	}
}

static void read_debug_link(struct symbols *s, Elf *elf)
{
	GElf_Shdr sh;
	Elf_Scn *scn = section_named(elf, ".gnu_debuglink", &sh);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	size_t len;

	if (!data || !data->d_buf)
		return;
	len = strnlen(data->d_buf, data->d_size);
	if (len < data->d_size && len < DEBUG_LINK_TEXT && !memchr(data->d_buf, '/', len))
		memcpy(s->debug_link, data->d_buf, len + 1);
}

struct symbols *symbols__new(int fd)
{
	struct symbols *s = calloc(1, sizeof(*s));
	Elf *elf;

	if (!s)
		return NULL;
	elf = take_elf(s, elf_begin(fd, ELF_C_READ_MMAP, NULL));
	if (!elf) {
		free(s);
		return NULL;
	}
	read_build_id(s->build_id, elf);
	read_debug_link(s, elf);
	if (add_symtab(s, elf, SHT_SYMTAB)) {
		add_symtab(s, elf, SHT_DYNSYM);
		add_mini(s, elf);
	}
	add_plt(s, elf);
	return s;
}

void symbols__free(struct symbols *s)
{
	if (!s)
		return;
	while (s->nelfs)
		elf_end(s->elfs[--s->nelfs]);
	free(s->mini);
	free(s->table);
	free(s);
}

int symbols__add_debug(struct symbols *s, int fd)
{
	Elf *elf = take_elf(s, elf_begin(fd, ELF_C_READ_MMAP, NULL));
	char id[BUILD_ID_TEXT] = "";

	if (!elf)
		return -ENOEXEC;
	read_build_id(id, elf);
	if (s->build_id[0] && strcmp(s->build_id, id))
		return -ESTALE;
	s->sorted = false;
	return add_symtab(s, elf, SHT_SYMTAB);
}

int symbols_identify(int fd, char ret_id[BUILD_ID_TEXT], unsigned int *ret_what)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	GElf_Shdr sh;
	Elf_Scn *info;

	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return -ENOEXEC;
	}
	ret_id[0] = '\0';
	read_build_id(ret_id, elf);
	*ret_what = section_of_type(elf, SHT_SYMTAB, &sh) ? SYMBOLIZER_WHAT_NAMES : 0;
	info = section_named(elf, ".debug_info", &sh);
	if (!info)
		info = section_named(elf, ".zdebug_info", &sh);
	if (info && sh.sh_type != SHT_NOBITS)
		*ret_what |= SYMBOLIZER_WHAT_LINES;
	elf_end(elf);
	return 0;
}

const char *symbols__build_id(const struct symbols *s)
{
	return s->build_id;
}

const char *symbols__debug_link(const struct symbols *s)
{
	return s->debug_link;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Of several names at one address the best stays. */
static void symbols_sort(struct symbols *s)
{
	size_t i, kept = 0;

	if (s->n)
		qsort(s->table, s->n, sizeof(*s->table), by_start);
	for (i = 0; i < s->n; i++)
		if (!kept || s->table[kept - 1].start != s->table[i].start)
			s->table[kept++] = s->table[i];
	s->n = kept;
	s->sorted = true;
}

static const struct symbol *symbols_find(struct symbols *s, uint64_t address)
{
	size_t low = 0, high, back;

	if (!s->sorted)
		symbols_sort(s);
	for (high = s->n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (s->table[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	/* A label or a part that is nested in a function hides it: look a little further back. */
	for (back = 0; back < 8 && low > back; back++) {
		const struct symbol *c = &s->table[low - 1 - back];

		if (c->size ? address - c->start < c->size : !back && c->rank < 8)
			return c;
	}
	return NULL;
}

static bool mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2);
}

void symbols_demangle(const char *name, char *dst, size_t size)
{
	char *plain = NULL;

	if (mangled(name) && strnlen(name, DEMANGLE_MAX) < DEMANGLE_MAX)
		plain = cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
	snprintf(dst, size, "%s", plain ? plain : name);
	free(plain);
}

const char *symbols__name(struct symbols *s, uint64_t address, char *dst, size_t size)
{
	const struct symbol *symbol = symbols_find(s, address);

	if (!symbol)
		return NULL;
	symbols_demangle(symbol->name, dst, size);
	if (symbol->plt)
		snprintf(dst + strlen(dst), size - strlen(dst), "@plt");
	return dst;
}
