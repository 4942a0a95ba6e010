/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flame.h - a profile's samples as trees of boxes, one tree a view, merged by name.
 *
 * Owns: what a box is called, of which kind it is, which boxes stand above the stack (reason,
 * process, thread, party), and the sums. A second profile, to compare with, is laid into the
 * same trees. Names are sanitised here, once. Not here: how a box is drawn or spelled.
 */
#ifndef VIGIE_REPORT_FLAME_H
#define VIGIE_REPORT_FLAME_H

#include "base/buf.h"
#include "base/hash.h"
#include "data/profile.h"

enum flame_kind {
	FLAME_ALL,
	FLAME_PROCESS,
	FLAME_THREAD,
	FLAME_REASON,
	FLAME_PARTY,
	FLAME_USER,
	FLAME_INLINED,
	FLAME_KERNEL,
	FLAME_JIT,
	FLAME_NOTE,
	FLAME_UNNAMED,
	FLAME_KINDS,
};

enum {
	FLAME_TEXT = 256, /* bytes of a name with its NUL; longer ones are cut and hashed */
	FLAME_DEPTH = 1024, /* boxes on a path; what is deeper is a note */
};

struct flame_name {
	__u32 kind; /* enum flame_kind */
	__u32 text; /* offset in texts */
	__u32 file, line; /* where it begins: 1 + index in files, line; 0: unknown */
};

struct flame_box {
	__u32 parent; /* always a lower index; a root's is itself */
	__u32 name;
	__u32 child, next; /* by falling value; 0: none */
	__u64 value, other; /* with all below it; of the profile, and of the one compared with */
};

/* Box v is the root of view v. */
struct flame {
	struct buf texts;
	struct flame_name *names;
	struct flame_box *boxes;
	__u32 nnames, nboxes;
	size_t names_room, boxes_room;
	__u32 *files; /* offsets in texts: of source files */
	__u32 nfiles;
	size_t files_room;
	struct hash name_index, box_index, file_index;
	__u32 *at, *at_other; /* sample -> box; at_other is NULL without another profile */
};

/* 0, -ENOMEM or -E2BIG; flame_done() is due in any case. */
int flame_init(struct flame *f, const struct profile *p, const struct profile *other);
void flame_done(struct flame *f);

const char *flame_text(const struct flame *f, __u32 box); /* sanitised */
/* "file:line" of where its function begins, "file", or "". Returns dst. */
char *flame_place(const struct flame *f, __u32 name, char *dst, size_t size);
enum flame_kind flame_kind(const struct flame *f, __u32 box);
const char *flame_kind_name(enum flame_kind kind); /* one word, fit for a CSS class */

/*
 * How much more of the whole a box takes than in the other profile, in steps that grow: -4 … 4.
 * The same steps are in page.js.
 */
int flame_growth(const struct flame *f, __u32 box, enum profile_view view);

#endif
