// SPDX-License-Identifier: GPL-2.0-only
/* test_xstate.c - what is saved of the FPU for a signal: as frames say, and as this kernel does. */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <cmocka.h>

#include "profile/xstate.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum {
	LEGACY = 512,
	END_MARK = 4,
	AVX = 2,
	OPMASK = 5,
	PKRU = 9,
	TILE_CONFIG = 17,
	TILE_DATA = 18
};

/* --- Frames that are made up. */

static const void *frame(__u32 magic, __u32 extended_size, __u32 xstate_size)
{
	static char legacy[LEGACY];
	const struct _fpx_sw_bytes says = { .magic1 = magic,
					    .extended_size = extended_size,
					    .xstate_size = xstate_size };

	memcpy(legacy + LEGACY - sizeof(says), &says, sizeof(says));
	return legacy;
}

static void a_frame_says_its_size(void **state)
{
	static const __u32 sizes[] = { 576, 832, 2696, 2816, 11008 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(
			xstate_of_frame(frame(FP_XSTATE_MAGIC1, sizes[i] + END_MARK, sizes[i])),
			sizes[i] + END_MARK);
}

/* Without XSAVE, or with what is no such frame at all, the kernel goes by the oldest layout, too. */
static void a_frame_without_a_size_is_legacy(void **state)
{
	assert_int_equal(xstate_of_frame(frame(0, 0, 0)), LEGACY);
	assert_int_equal(xstate_of_frame(frame(FP_XSTATE_MAGIC1 + 1, 2820, 2816)), LEGACY);
	assert_int_equal(xstate_of_frame(frame(FP_XSTATE_MAGIC1, 2816, 2816)), LEGACY);
	assert_int_equal(xstate_of_frame(frame(FP_XSTATE_MAGIC1, 104, 100)), LEGACY);
}

/* --- Processors that are made up. */

/* As CPUID has it of Sapphire Rapids. */
static struct xstate_cpu sapphire_rapids(void)
{
	return (struct xstate_cpu){ .enabled = 0x602e7,
				    .states = { [AVX] = { 256, 576 },
						[OPMASK] = { 64, 1088 },
						[6] = { 512, 1152 },
						[7] = { 1024, 1664 },
						[PKRU] = { 8, 2688 },
						[TILE_CONFIG] = { 64, 2752 },
						[TILE_DATA] = { 8192, 2816, true } } };
}

static void assert_sizes(const struct xstate_cpu *cpu, __u32 measured, __u32 first, __u32 second)
{
	__u32 sizes[VIGIE_XSTATE_SIZES] = { 1, 1, 1 };

	xstate_sizes_of(cpu, measured, sizes);
	assert_int_equal(sizes[0], first);
	assert_int_equal(sizes[1], second);
	assert_int_equal(sizes[2], 0);
}

static void tiles_are_on_request(void **state)
{
	struct xstate_cpu cpu = sapphire_rapids();

	assert_sizes(&cpu, 2820, 2820, 11012);
}

/* A kernel before 5.16, or one told to, enables none of it: what the processor could do is nothing to us. */
static void what_the_kernel_leaves_off_is_not_there(void **state)
{
	struct xstate_cpu cpu = sapphire_rapids();

	cpu.enabled = 0x2e7;
	assert_sizes(&cpu, 2700, 2700, 0);
}

/* Who were to have the tiles already: no second size. */
static void what_all_have_is_measured(void **state)
{
	struct xstate_cpu cpu = sapphire_rapids();

	assert_sizes(&cpu, 11012, 11012, 0);
}

static void nothing_measured_is_nothing_known(void **state)
{
	struct xstate_cpu cpu = sapphire_rapids();

	assert_sizes(&cpu, 0, 0, 0);
}

/* --- This machine. */

/* CPUID's sum of all that the kernel has enabled, and the kernel's word on its largest frame. */
static void this_machine_is_as_others_say(void **state)
{
	__u32 sizes[VIGIE_XSTATE_SIZES], largest = 0, a, b = 0, c, d, i;
	unsigned long frame_max = getauxval(AT_MINSIGSTKSZ);

	xstate_sizes(sizes);
	for (i = 0; i < VIGIE_XSTATE_SIZES; i++)
		if (sizes[i] > largest)
			largest = sizes[i];
	assert_true(sizes[0] >= LEGACY);
	if (sizes[0] > LEGACY) {
		assert_true(__get_cpuid_count(0xd, 0, &a, &b, &c, &d));
		assert_int_equal(largest, b + END_MARK);
	}
	if (frame_max) /* beside the FPU's: 440 bytes, or a 32-bit program's 848, and what aligns them */
		assert_in_range(frame_max - largest, 440, 1023);
}

static void measuring_leaves_no_trace(void **state)
{
	struct sigaction before, after;
	sigset_t mask, urgent;
	__u32 size = xstate_measure();

	sigemptyset(&urgent);
	sigaddset(&urgent, SIGURG);
	signal(SIGURG, SIG_IGN);
	sigprocmask(SIG_BLOCK, &urgent, NULL);
	sigaction(SIGURG, NULL, &before);
	assert_int_equal(xstate_measure(), size); /* also where it is blocked and ignored */
	sigaction(SIGURG, NULL, &after);
	assert_ptr_equal(after.sa_handler, before.sa_handler);
	sigprocmask(SIG_UNBLOCK, &urgent, &mask);
	assert_true(sigismember(&mask, SIGURG));
	signal(SIGURG, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_says_its_size),
		cmocka_unit_test(a_frame_without_a_size_is_legacy),
		cmocka_unit_test(tiles_are_on_request),
		cmocka_unit_test(what_the_kernel_leaves_off_is_not_there),
		cmocka_unit_test(what_all_have_is_measured),
		cmocka_unit_test(nothing_measured_is_nothing_known),
		cmocka_unit_test(this_machine_is_as_others_say),
		cmocka_unit_test(measuring_leaves_no_trace),
	};

	return cmocka_run_group_tests_name("xstate", tests, NULL, NULL);
}
