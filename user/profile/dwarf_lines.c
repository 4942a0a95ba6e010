// SPDX-License-Identifier: GPL-2.0-only
/*
 * dwarf_lines.c - owns the tables over a file's DWARF: which unit an address is in, which function.
 *
 * Not dwarf_getscopes(): it walks a unit's whole tree for each address, and stands on
 * .debug_aranges, which clang and rustc leave out. A unit's functions are put into a table the
 * first time that an address is in it.
 */
#include "profile/dwarf_lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum {
	RANGES_MAX = 4 << 20, /* of a file's units, or of a unit's functions */
	NESTING_MAX = 64, /* namespaces, classes and blocks within each other */
};

struct range {
	uint64_t begin, end;
	Dwarf_Off die; /* of the unit, or of the function */
};

struct ranges {
	struct range *all; /* by begin */
	size_t n, room;
};

struct dwarf_lines {
	Dwarf *dwarf;
	struct ranges units;
	/* Of the unit that was looked into last: addresses come sorted. */
	Dwarf_Off unit;
	struct ranges functions;
};

static int add_range(struct ranges *r, uint64_t begin, uint64_t end, Dwarf_Off die)
{
	int err;

	if (begin >= end)
		return 0;
	err = array_grow(&r->all, &r->room, r->n + 1, sizeof(*r->all), RANGES_MAX);
	if (err)
		return err;
	r->all[r->n++] = (struct range){ .begin = begin, .end = end, .die = die };
	return 0;
}

static int add_ranges(struct ranges *r, Dwarf_Die *die)
{
	Dwarf_Addr base, begin, end;
	Dwarf_Off offset = dwarf_dieoffset(die);
	ptrdiff_t at = 0;
	int err = 0;

	while (!err && (at = dwarf_ranges(die, at, &base, &begin, &end)) > 0)
		err = add_range(r, begin, end, offset);
	return err;
}

static int by_begin(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end < y->end) - (x->end > y->end); /* the one within comes later */
}

static void ranges_sort(struct ranges *r)
{
	if (r->n)
		qsort(r->all, r->n, sizeof(*r->all), by_begin);
}

static const struct range *ranges_find(const struct ranges *r, uint64_t address)
{
	size_t low = 0, high = r->n, mid, back;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (r->all[mid].begin <= address)
			low = mid + 1;
		else
			high = mid;
	}
	/* Ranges do not overlap, but for what linkers leave of functions that they dropped. */
	for (back = 0; back < 8 && back < low; back++)
		if (address < r->all[low - 1 - back].end)
			return &r->all[low - 1 - back];
	return NULL;
}

struct dwarf_lines *dwarf_lines__new(int fd)
{
	struct dwarf_lines *s = calloc(1, sizeof(*s));
	Dwarf_Off at = 0, next;
	size_t head;
	Dwarf_Die unit;

	if (!s)
		return NULL;
	s->dwarf = dwarf_begin(fd, DWARF_C_READ);
	while (s->dwarf && !dwarf_nextcu(s->dwarf, at, &next, &head, NULL, NULL, NULL)) {
		if (dwarf_offdie(s->dwarf, at + head, &unit) && add_ranges(&s->units, &unit))
			break;
		if (next <= at)
			break;
		at = next;
	}
	if (!s->units.n) {
		dwarf_lines__free(s);
		return NULL;
	}
	ranges_sort(&s->units);
	return s;
}

void dwarf_lines__free(struct dwarf_lines *s)
{
	if (!s)
		return;
	dwarf_end(s->dwarf);
	free(s->units.all);
	free(s->functions.all);
	free(s);
}

/* Functions stand in the unit, in namespaces (Rust), in classes. */
static int add_functions(struct dwarf_lines *s, Dwarf_Die *parent, int nesting)
{
	Dwarf_Die die;
	int err = 0, more = dwarf_child(parent, &die);

	for (; !err && !more; more = dwarf_siblingof(&die, &die)) {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram: err = add_ranges(&s->functions, &die); break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
			if (nesting < NESTING_MAX)
				err = add_functions(s, &die, nesting + 1);
			break;
		default: break;
		}
	}
	return err;
}

static void look_into(struct dwarf_lines *s, Dwarf_Die *unit)
{
	Dwarf_Off offset = dwarf_dieoffset(unit);

	if (s->unit == offset)
		return;
	s->functions.n = 0;
	s->unit = offset;
	add_functions(s, unit, 0);
	ranges_sort(&s->functions);
}

static const char *function_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name && name[0] ? name : dwarf_diename(die);
}

static uint32_t number_of(Dwarf_Die *die, unsigned int what)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr_integrate(die, what, &attribute) || dwarf_formudata(&attribute, &value) ||
	    value > UINT32_MAX)
		return 0;
	return value;
}

static const char *call_file(Dwarf_Die *unit, Dwarf_Die *die)
{
	Dwarf_Files *files;
	const char *file = NULL;
	size_t n;

	if (!dwarf_getsrcfiles(unit, &files, &n) && number_of(die, DW_AT_call_file) < n)
		file = dwarf_filesrc(files, number_of(die, DW_AT_call_file), NULL, NULL);
	return file ? file : "";
}

/* Where the compiler was started: most units name their files from there. */
static const char *directory_of(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;
	const char *directory = NULL;

	if (dwarf_attr(unit, DW_AT_comp_dir, &attribute))
		directory = dwarf_formstring(&attribute);
	return directory ? directory : "";
}

static void place(Dwarf_Die *unit, uint64_t address, struct dwarf_line *line)
{
	Dwarf_Line *row = dwarf_getsrc_die(unit, address);
	const char *file = row ? dwarf_linesrc(row, NULL, NULL) : NULL;
	int number = 0;

	line->file = file ? file : "";
	if (file && !dwarf_lineno(row, &number) && number > 0)
		line->line = number;
}

/* A begin is told only in the file that is shown: a number of another file would mislead. */
static void name(Dwarf_Die *die, const char *directory, struct dwarf_line *line)
{
	const char *file = dwarf_decl_file(die);
	int begin = 0;

	line->function = function_of(die);
	line->directory = directory;
	line->begin = 0;
	if (file && !strcmp(file, line->file) && !dwarf_decl_line(die, &begin) && begin > 0)
		line->begin = begin;
}

/* The block or inlined function within `die` that covers the address. */
static bool step_in(Dwarf_Die *die, uint64_t address)
{
	Dwarf_Die child;
	int more = dwarf_child(die, &child), tag;

	for (; !more; more = dwarf_siblingof(&child, &child)) {
		tag = dwarf_tag(&child);
		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
		    tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
			continue;
		if (dwarf_haspc(&child, address) > 0) {
			*die = child;
			return true;
		}
	}
	return false;
}

/* From the function inwards; each inlined one says where the one around it called it. */
static unsigned int lines_walk(Dwarf_Die *unit, Dwarf_Die *die, uint64_t address,
			       struct dwarf_line *lines, unsigned int room)
{
	struct dwarf_line outer[NESTING_MAX] = { 0 }, *here = outer;
	unsigned int n, i, nesting = 0;
	const char *directory = directory_of(unit);
	Dwarf_Die at = *die, function = *die;

	while (nesting++ < NESTING_MAX && here + 1 < outer + NESTING_MAX && step_in(&at, address)) {
		if (dwarf_tag(&at) != DW_TAG_inlined_subroutine)
			continue;
		here->file = call_file(unit, &at);
		here->line = number_of(&at, DW_AT_call_line);
		name(&function, directory, here++);
		function = at;
	}
	place(unit, address, here);
	name(&function, directory, here++);
	n = here - outer < room ? here - outer : room;
	for (i = 0; i < n; i++)
		lines[i] = *--here;
	lines[n - 1] = outer[0];
	return n;
}

unsigned int dwarf_lines__find(struct dwarf_lines *s, uint64_t address, struct dwarf_line *lines,
			       unsigned int room)
{
	const struct range *range = ranges_find(&s->units, address);
	Dwarf_Die unit, die;

	if (!range || !room || !dwarf_offdie(s->dwarf, range->die, &unit))
		return 0;
	look_into(s, &unit);
	range = ranges_find(&s->functions, address);
	if (range && dwarf_offdie(s->dwarf, range->die, &die))
		return lines_walk(&unit, &die, address, lines, room);
	/* Assembler has lines, and no functions. */
	*lines = (struct dwarf_line){ .directory = directory_of(&unit) };
	place(&unit, address, lines);
	return lines->line ? 1 : 0;
}
