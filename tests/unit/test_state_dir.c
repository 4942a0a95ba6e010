// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_state_dir.c - who gets a history that was nobody's, and a start with few capabilities; the
 * kernel's addresses as standard input. As root; else skipped.
 */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/state_dir.h"
#include "profile/kallsyms.h"

enum { USER = 4711, GROUP = 4712 };

struct place {
	char path[64]; /* whose parent is root's */
	uid_t nobody;
};

static int setup(void **state)
{
	static struct place place;
	const struct passwd *nobody = getpwnam("nobody");

	if (geteuid() || !nobody)
		return 0;
	snprintf(place.path, sizeof(place.path), "/tmp/vigie-test-state-XXXXXX");
	if (!mkdtemp(place.path))
		return -1;
	place.nobody = nobody->pw_uid;
	*state = &place;
	return 0;
}

static struct place *needs_root(void **state)
{
	if (!*state)
		skip();
	return *state;
}

static const char *below(const struct place *place, const char *name)
{
	static char path[2][128];
	static unsigned int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", place->path, name);
	return path[turn];
}

static void make_file(const struct place *place, const char *name, uid_t owner)
{
	int fd = open(below(place, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, owner, owner), 0);
	close(fd);
}

static void make_dir(const struct place *place, const char *name, uid_t owner)
{
	assert_int_equal(mkdir(below(place, name), 0750), 0);
	assert_int_equal(chown(below(place, name), owner, owner), 0);
}

static uid_t owner_of(const struct place *place, const char *name)
{
	struct stat st;

	assert_int_equal(lstat(below(place, name), &st), 0);
	return st.st_uid;
}

/* DIR, as a vigie left it that served as this user: its lock is root's. */
static void make_history(const struct place *place, uid_t owner)
{
	make_dir(place, "dir", owner);
	make_file(place, "dir/lock", 0);
	make_file(place, "dir/verdicts", owner);
	make_dir(place, "dir/ring", owner);
	make_file(place, "dir/ring/1.seg", owner);
}

static void test_nobodys_is_given(void **state)
{
	const struct place *place = needs_root(state);

	make_history(place, place->nobody);
	make_file(place, "outside", place->nobody);
	make_dir(place, "elsewhere", place->nobody);
	make_file(place, "elsewhere/file", place->nobody);
	make_file(place, "dir/others", 4);
	assert_int_equal(link(below(place, "outside"), below(place, "dir/hard")), 0);
	assert_int_equal(symlink("../../outside", below(place, "dir/ring/soft")), 0);
	assert_int_equal(symlink("../elsewhere", below(place, "dir/directory")), 0);

	assert_int_equal(state_dir_adopt(below(place, "dir"), USER, GROUP), 3);
	assert_int_equal(owner_of(place, "dir"), USER);
	assert_int_equal(owner_of(place, "dir/verdicts"), USER);
	assert_int_equal(owner_of(place, "dir/ring"), USER);
	assert_int_equal(owner_of(place, "dir/ring/1.seg"), USER);
	/* Not ours to give: what has another name, what is elsewhere, what is somebody's. */
	assert_int_equal(owner_of(place, "outside"), place->nobody);
	assert_int_equal(owner_of(place, "elsewhere"), place->nobody);
	assert_int_equal(owner_of(place, "elsewhere/file"), place->nobody);
	assert_int_equal(owner_of(place, "dir/others"), 4);
	assert_int_equal(owner_of(place, "dir/lock"), 0);
	/* Once. */
	assert_int_equal(state_dir_adopt(below(place, "dir"), USER, GROUP), 0);
}

static void test_what_is_not_given(void **state)
{
	const struct place *place = needs_root(state);
	int lock, fd;

	assert_int_equal(state_dir_adopt(below(place, "absent"), USER, GROUP), 0);
	/* Without our lock it is not ours. */
	make_history(place, place->nobody);
	assert_int_equal(rename(below(place, "dir/lock"), below(place, "lock")), 0);
	assert_int_equal(state_dir_adopt(below(place, "dir"), USER, GROUP), 0);
	assert_int_equal(rename(below(place, "lock"), below(place, "dir/lock")), 0);
	/* Others may write there: who knows what they have put in. */
	assert_int_equal(chmod(below(place, "dir"), 0777), 0);
	assert_int_equal(state_dir_adopt(below(place, "dir"), USER, GROUP), 0);
	assert_int_equal(chmod(below(place, "dir"), 0750), 0);
	/* One that serves as nobody writes there now. */
	fd = open(below(place, "dir"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(state_dir_lock(fd, &lock), 0);
	assert_int_equal(state_dir_adopt(below(place, "dir"), USER, GROUP), 0);
	close(lock);
	/* It serves as nobody still. */
	assert_int_equal(state_dir_adopt(below(place, "dir"), place->nobody, GROUP), 0);
	assert_int_equal(owner_of(place, "dir"), place->nobody);
	/* Another's. */
	assert_int_equal(chown(below(place, "dir"), 4, 4), 0);
	assert_int_equal(state_dir_adopt(below(place, "dir"), USER, GROUP), 0);
	assert_int_equal(owner_of(place, "dir"), 4);
	close(fd);
}

/* In a process of its own, with the capabilities that the unit leaves root. */
static int start_with_few(const struct place *place)
{
	const char *why;
	int fd, lock;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_SETUID, CAP_SETGID,
			  CAP_DAC_READ_SEARCH, -1) ||
	    capng_apply(CAPNG_SELECT_CAPS))
		return 1;
	fd = state_dir_make(below(place, "own"), USER, GROUP, &why);
	if (fd < 0)
		return 2;
	if (state_dir_lock(fd, &lock) != -EACCES)
		return 3;
	if (state_dir_lock_as(fd, USER, GROUP, &lock))
		return 4;
	/* It is root again. */
	close(open(below(place, "roots"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return 0;
}

static void test_few_capabilities(void **state)
{
	const struct place *place = needs_root(state);
	int i, status;
	pid_t pid;

	assert_int_equal(mkdir(below(place, "own"), 0750), 0);
	assert_int_equal(chown(below(place, "own"), USER, GROUP), 0);
	for (i = 0; i < 2; i++) { /* the second time its lock is there */
		pid = fork();
		if (!pid)
			_exit(start_with_few(place));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	assert_int_equal(owner_of(place, "own/lock"), USER);
	assert_int_equal(owner_of(place, "roots"), 0);
}

static void test_the_group_reads(void **state)
{
	const struct place *place = needs_root(state);
	mode_t before = umask(0077);
	const char *why;
	struct stat st;
	int fd = state_dir_make(below(place, "new"), USER, GROUP, &why);

	umask(before);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_gid, GROUP);
}

/* An address of the kernel, as the file has it; 0: they are hidden. */
static unsigned long long some_address(char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long address = 0;
	char line[256], kind;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %95s", &address, &kind, name) == 3 && kind == 'T' &&
		    !strcmp(name, "kernel_clone"))
			break;
	if (f)
		fclose(f);
	return strcmp(name, "kernel_clone") ? 0 : address;
}

static int name_by_input(void)
{
	struct kallsym wanted = { 0 };
	char name[96] = "", link[32] = "";
	int fd;

	if (dup2(open("/proc/kallsyms", O_RDONLY | O_CLOEXEC), STDIN_FILENO))
		return 1;
	wanted.address = some_address(name) + 1;
	if (wanted.address == 1)
		return 77;
	fd = kallsyms_take();
	if (fd <= STDERR_FILENO || !(fcntl(fd, F_GETFD) & FD_CLOEXEC) || kallsyms_take() != fd)
		return 2;
	if (readlink("/proc/self/fd/0", link, sizeof(link) - 1) < 0 || strcmp(link, "/dev/null"))
		return 3;
	/* Without the right to open it anew; twice, from its begin each time. */
	if (setuid(USER))
		return 4;
	if (kallsyms_name(&wanted, 1) || strcmp(wanted.name, name))
		return 5;
	wanted.name[0] = '\0';
	wanted.start = 0;
	if (kallsyms_name(&wanted, 1) || strcmp(wanted.name, name))
		return 6;
	kallsyms_drop();
	return fcntl(fd, F_GETFD) < 0 ? 0 : 7;
}

static void test_standard_input(void **state)
{
	int status;
	pid_t pid;

	needs_root(state);
	pid = fork();
	if (!pid)
		_exit(name_by_input());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* this root may not see addresses */
	assert_int_equal(status, 0);
	/* Any other input stays where it is. */
	assert_int_equal(kallsyms_take(), -1);
}

static int teardown(void **state)
{
	static const char *const left[] = { "dir/ring/1.seg",
					    "dir/ring/soft",
					    "dir/ring",
					    "dir/lock",
					    "dir/verdicts",
					    "dir/others",
					    "dir/hard",
					    "dir/directory",
					    "dir",
					    "outside",
					    "elsewhere/file",
					    "elsewhere",
					    "own/lock",
					    "own",
					    "roots",
					    "new" };
	const struct place *place = *state;
	size_t i;

	for (i = 0; place && i < sizeof(left) / sizeof(left[0]); i++)
		remove(below(place, left[i]));
	return place ? rmdir(place->path) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobodys_is_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few_capabilities, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_group_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_standard_input, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
