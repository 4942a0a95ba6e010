// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_unit.c - cgroup paths as the runtimes make them, and as an attacker would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/unit.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX64B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define HEX63 "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "6f1c2a3b-4d5e-6f70-8192-a3b4c5d6e7f8"
#define UID_ "6f1c2a3b_4d5e_6f70_8192_a3b4c5d6e7f8"
#define STATIC_UID "0123456789abcdef0123456789abcdef"

struct expectation {
	const char *path, *name, *id, *pod, *runtime;
};

static const struct expectation systemd[] = {
	{ "/", "/", "", "", "" },
	{ "", "/", "", "", "" },
	{ "///", "/", "", "", "" },
	{ "/init.scope", "init.scope", "", "", "systemd" },
	{ "/system.slice/ssh.service", "ssh.service", "", "", "systemd" },
	{ "/system.slice/ssh.service/", "ssh.service", "", "", "systemd" },
	{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "", "",
	  "systemd" },
	{ "/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-sda1.service",
	  "systemd-fsck@dev-sda1.service", "", "", "systemd" },
	{ "/system.slice/boot-efi.mount", "boot-efi.mount", "", "", "systemd" },
	{ "/system.slice/dev-zram0.swap", "dev-zram0.swap", "", "", "systemd" },
	{ "/system.slice/dbus.socket", "dbus.socket", "", "", "systemd" },
	{ "/system.slice/foo.service/init.scope", "foo.service", "", "", "systemd" },
	{ "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "", "", "systemd" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.service",
	  "user@1000.service", "", "", "systemd" },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "", "",
	  "systemd" },
	{ "/user.slice/user-1000.slice", "user-1000.slice", "", "", "systemd" },
	{ "/system.slice", "system.slice", "", "", "systemd" },
	{ "/system.slice/odd/thing", "thing", "", "", "" },
	{ "/a/b/c", "c", "", "", "" },
	{ "/a/x.service", "x.service", "", "", "" },
	{ "/.slice", ".slice", "", "", "" },
	{ "/system.slice/.service", ".service", "", "", "" },
};

static const struct expectation containers[] = {
	{ "/system.slice/docker-" HEX64 ".scope", "docker-0123456789ab", HEX64, "", "docker" },
	{ "/docker/" HEX64, "docker-0123456789ab", HEX64, "", "docker" },
	{ "/docker/" HEX64 "/docker/" HEX64B, "docker-fedcba987654", HEX64B, "", "docker" },
	{ "/docker/" HEX64 "/system.slice/nginx.service", "docker-0123456789ab", HEX64, "",
	  "docker" },
	{ "/system.slice/docker-" HEX64 ".scope/init.scope", "docker-0123456789ab", HEX64, "",
	  "docker" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" HEX64 ".scope",
	  "docker-0123456789ab", HEX64, "", "docker" },
	{ "/ecs/task/" HEX64, "docker-0123456789ab", HEX64, "", "docker" },
	{ "/system.slice/docker.service", "docker.service", "", "", "systemd" },
	{ "/system.slice/nerdctl-" HEX64 ".scope", "nerdctl-0123456789ab", HEX64, "",
	  "containerd" },
	{ "/machine.slice/libpod-" HEX64 ".scope", "podman-0123456789ab", HEX64, "", "podman" },
	{ "/machine.slice/libpod-" HEX64 ".scope/container", "podman-0123456789ab", HEX64, "",
	  "podman" },
	{ "/machine.slice/libpod-conmon-" HEX64 ".scope", "podman-0123456789ab", HEX64, "",
	  "podman" },
	{ "/libpod_parent/libpod-" HEX64, "podman-0123456789ab", HEX64, "", "podman" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_" HEX64B
	  ".slice/libpod-" HEX64 ".scope/container",
	  "podman-0123456789ab", HEX64, "", "podman" },
	{ "/system.slice/web.service/libpod-payload-" HEX64, "podman-0123456789ab", HEX64, "",
	  "podman" },
	{ "/lxc/web", "lxc-web", "", "", "lxc" },
	{ "/lxc/101/ns/system.slice/ssh.service", "lxc-101", "", "", "lxc" },
	{ "/lxc.payload.web/system.slice/ssh.service", "lxc-web", "", "", "lxc" },
	{ "/lxc.payload/web", "lxc-web", "", "", "lxc" },
	{ "/lxc.monitor.web", "lxc-web", "", "", "lxc" },
	{ "/lxc.payload.web/docker/" HEX64, "docker-0123456789ab", HEX64, "", "docker" },
	{ "/docker/" HEX64 "/lxc/inner", "lxc-inner", "", "", "lxc" },
	{ "/lxc", "lxc", "", "", "" },
	{ "/lxc.payload.", "lxc.payload.", "", "", "" },
	{ "/machine.slice/machine-deb.scope/payload/system.slice/ssh.service", "machine-deb.scope",
	  "", "", "systemd" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
	  "machine-qemu\\x2d1\\x2dvm.scope", "", "", "systemd" },
	{ "/machine.slice/systemd-nspawn@deb.service/payload", "systemd-nspawn@deb.service", "", "",
	  "systemd" },
};

static const struct expectation kubernetes[] = {
	{ "/kubepods/burstable/pod" UID "/" HEX64, "cri-0123456789ab", HEX64, UID, "containerd" },
	{ "/kubepods/pod" UID "/" HEX64, "cri-0123456789ab", HEX64, UID, "containerd" },
	{ "/kubepods/besteffort/pod" UID "/crio-" HEX64, "crio-0123456789ab", HEX64, UID, "crio" },
	{ "/kubepods/burstable/pod" STATIC_UID "/" HEX64, "cri-0123456789ab", HEX64, STATIC_UID,
	  "containerd" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	  ".slice/cri-containerd-" HEX64 ".scope",
	  "cri-0123456789ab", HEX64, UID, "containerd" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
	  ".slice/crio-" HEX64 ".scope/container",
	  "crio-0123456789ab", HEX64, UID, "crio" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" HEX64 ".scope",
	  "crio-0123456789ab", HEX64, UID, "crio" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	  ".slice/docker-" HEX64 ".scope",
	  "docker-0123456789ab", HEX64, UID, "docker" },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" UID_
	  ".slice:cri-containerd:" HEX64,
	  "cri-0123456789ab", HEX64, UID, "containerd" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice",
	  "kubepods-burstable-pod" UID_ ".slice", "", UID, "systemd" },
	{ "/kubepods/burstable/pod" UID, "pod" UID, "", UID, "" },
	{ "/kubepods/pod6f1c2a3b+4d5e-6f70-8192-a3b4c5d6e7f8/" HEX64, "cri-0123456789ab", HEX64, "",
	  "containerd" },
	{ "/docker/" HEX64B "/kubelet.slice/kubelet-kubepods.slice/pod" UID "/cri-containerd-" HEX64
	  ".scope",
	  "cri-0123456789ab", HEX64, UID, "containerd" },
};

static const struct expectation hostile[] = {
	{ "/docker/" HEX63, HEX63, "", "", "" },
	{ "/docker/" HEX64 "0", HEX64 "0", "", "", "" },
	{ "/system.slice/docker-" HEX63 ".scope", "docker-" HEX63 ".scope", "", "", "systemd" },
	{ "/docker-" HEX63, "docker-" HEX63, "", "", "" },
	{ "/docker-", "docker-", "", "", "" },
	{ "/" HEX64, HEX64, "", "", "" },
	{ "/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	  "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", "", "", "" },
	{ "/system.slice/a\nb.service", "a\nb.service", "", "", "systemd" },
	{ "/evil\n# EOF\n", "evil\n# EOF\n", "", "", "" },
	{ "/\xff\xfe\xc0\xaf", "\xff\xfe\xc0\xaf", "", "", "" },
	{ "relative", "relative", "", "", "" },
	{ "/..", "..", "", "", "" },
	{ "/a:cri-containerd:" HEX63, "a:cri-containerd:" HEX63, "", "", "" },
	{ "/:", ":", "", "", "" },
	{ "/kubepods", "kubepods", "", "", "" },
	{ "/kubepods-pod.slice", "kubepods-pod.slice", "", "", "systemd" },
};

static void check(const struct expectation *table, size_t n)
{
	struct unit unit;
	size_t i;

	for (i = 0; i < n; i++) {
		memset(&unit, 0xa5, sizeof(unit));
		unit_from_path(table[i].path, &unit);
		if (strcmp(unit.name, table[i].name))
			print_error("path: %s\n", table[i].path);
		assert_string_equal(unit.name, table[i].name);
		assert_string_equal(unit.container_id, table[i].id);
		assert_string_equal(unit.pod_uid, table[i].pod);
		assert_string_equal(unit.runtime, table[i].runtime);
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof((table)[0]))

static void test_systemd(void **state)
{
	(void)state;
	CHECK(systemd);
}

static void test_containers(void **state)
{
	(void)state;
	CHECK(containers);
}

static void test_kubernetes(void **state)
{
	(void)state;
	CHECK(kubernetes);
}

static void test_hostile(void **state)
{
	(void)state;
	CHECK(hostile);
}

static void test_long_names_stay_distinct(void **state)
{
	static char path[4097], other[4097];
	struct unit a, b;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	memcpy(other, path, sizeof(path));
	other[4095] = 'y';
	unit_from_path(path, &a);
	unit_from_path(other, &b);
	assert_int_equal(strlen(a.name), UNIT_NAME_LEN - 1);
	assert_memory_equal(a.name, b.name, 100);
	assert_string_not_equal(a.name, b.name);
	memset(path, '/', sizeof(path) - 1);
	unit_from_path(path, &a);
	assert_string_equal(a.name, "/");
}

/* Any prefix of any path above: the name is there, terminated, and nothing is read beyond. */
static void test_every_prefix(void **state)
{
	static const int which[] = { 0, 4, 8 };
	char cut[512];
	const char *whole;
	struct unit unit;
	size_t i, len;

	(void)state;
	for (i = 0; i < 3; i++) {
		whole = kubernetes[which[i]].path;
		for (len = 0; len <= strlen(whole); len++) {
			memcpy(cut, whole, len);
			cut[len] = '\0';
			unit_from_path(cut, &unit);
			assert_in_range(strlen(unit.name), 1, UNIT_NAME_LEN - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long_names_stay_distinct),
		cmocka_unit_test(test_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
