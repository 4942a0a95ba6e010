// SPDX-License-Identifier: GPL-2.0-only
/*
 * conventions.c - owns the table of conventions.
 *
 * Of two rows that fit the same component the first counts; of two components the inner one.
 * systemd's own units are no rows: they are found by their suffix (unit.c).
 */
#include "model/conventions.h"

#define OCI_COLON "runc libcontainer/cgroups: \"slice:prefix:id\", taken for a path by cgroupfs"

/* clang-format off */
const struct convention conventions[] = {
	/* Containers of the prefix that their runtime gives them, in a scope or without systemd */
	{ "docker-<id>[.scope]",		"docker-<id>",	"docker",	"moby daemon/oci_linux.go" },
	{ "cri-containerd-<id>[.scope]",	"cri-<id>",	"containerd",	"containerd internal/cri: getCgroupsPath" },
	{ "nerdctl-<id>[.scope]",		"nerdctl-<id>",	"containerd",	"nerdctl pkg/cmd/container: generateCgroupOpts" },
	{ "crio-conmon-<id>[.scope]",		"crio-<id>",	"crio",		"cri-o internal/config/cgmgr" },
	{ "crio-<id>[.scope]",			"crio-<id>",	"crio",		"cri-o internal/config/cgmgr" },
	{ "<name>.service/libpod-payload-<id>",	"<name>.service", "podman",	"podman-run(1), --cgroups=split: quadlets" },
	{ "libpod-payload-<id>",		"podman-<id>",	"podman",	"podman-run(1), --cgroups=split" },
	{ "libpod-conmon-<id>[.scope]",		"podman-<id>",	"podman",	"podman libpod/oci_conmon_linux.go" },
	{ "libpod-<id>[.scope]",		"podman-<id>",	"podman",	"podman libpod/container_internal_linux.go" },
	{ "<id>[-<any>].service",		"podman-<id>",	"podman",	"podman libpod/healthcheck_linux.go: its timer's service" },

	/* The same, where systemd's form has become one component */
	{ "<any>[-pod<uid>.slice]:cri-containerd:<id>",	"cri-<id>",	"containerd",	OCI_COLON },
	{ "<any>[-pod<uid>.slice]:crio:<id>",		"crio-<id>",	"crio",		OCI_COLON },
	{ "<any>[-pod<uid>.slice]:docker:<id>",		"docker-<id>",	"docker",	OCI_COLON },
	{ "<any>:libpod:<id>",				"podman-<id>",	"podman",	OCI_COLON },
	{ "<any>:nerdctl:<id>",				"nerdctl-<id>",	"containerd",	OCI_COLON },

	/* Kubernetes: pods under any root of the kubelet, and a bare id in one */
	{ "pod<uid>/<id>",			"cri-<id>",	"containerd",	"kubelet pkg/kubelet/cm, cgroupfs driver" },
	{ "kubepods/pod<any>/<id>",		"cri-<id>",	"containerd",	"the same; a static pod's manifest may set any uid" },
	{ "kubepods/<any>/pod<any>/<id>",	"cri-<id>",	"containerd",	"the same; a static pod's manifest may set any uid" },
	{ "<any>-pod<uid>.slice/<id>",		"cri-<id>",	"containerd",	"kubelet pkg/kubelet/cm, systemd driver" },
	{ "pod<uid>",				"<leaf>",	"",		"kubelet pkg/kubelet/cm, cgroupfs driver" },
	{ "<any>-pod<uid>.slice",		"<leaf>",	"systemd",	"kubelet pkg/kubelet/cm, systemd driver" },

	/* Kata: the virtual machine of a sandbox, and what of it is not limited */
	{ "kata_<id>",				"kata-<id>",	"kata",		"kata docs/design/host-cgroups.md" },
	{ "kata_overhead/<id>",			"kata-<id>",	"kata",		"kata src/runtime-rs: gen_overhead_path" },
	{ "kata-overhead.slice/runtime-rs-<id>.scope", "kata-<id>", "kata",		"kata src/runtime-rs: gen_overhead_path, systemd" },
	{ "kata/<id>",				"kata-<id>",	"kata",		"kata docs/design/host-cgroups.md" },

	/* Amazon ECS */
	{ "ecs/<task>",				"<leaf>",	"ecs",		"dd-trace: ECS on Fargate, 1.4 and later" },
	{ "ecs/<any>/<task>",			"<leaf>",	"ecs",		"dd-trace: ECS on Fargate, 1.4 and later" },

	/* Builders: one unit each, for a build step's id tells nobody anything */
	{ "/docker/buildkit",			"buildkit",	"docker",	"moby daemon/internal/builder-next, cgroupfs driver" },
	{ "/actions_job/buildkit",		"buildkit",	"docker",	"the same, with --cgroup-parent=/actions_job" },
	{ "/buildkit/<any>",			"buildkit",	"buildkit",	"buildkit executor/oci: the default parent" },
	{ "<any>.slice:docker:<any>",		"buildkit",	"docker",	"moby daemon/internal/builder-next, systemd driver" },
	{ "<any>-buildah-buildah<any>.scope",	"podman-build",	"podman",	"buildah run_common.go; the runtime's prefix before" },
	{ "buildah-buildah<any>",		"podman-build",	"podman",	"buildah run_common.go, cgroupfs driver" },

	/* Bare ids: known parents first, then docker's --cgroup-parent, which may be any */
	{ "default/<id>",			"nerdctl-<id>",	"containerd",	"containerd pkg/oci: /<namespace>/<id>" },
	{ "k8s.io/<id>",			"cri-<id>",	"containerd",	"containerd internal/cri: getCgroupsPath" },
	{ "libpod_parent/<id>",			"podman-<id>",	"podman",	"podman libpod/container_internal_linux.go" },
	{ "libpod_parent/conmon",		"conmon",	"podman",	"podman libpod/oci_conmon_linux.go, cgroupfs driver" },
	{ "<id>[.scope]",			"docker-<id>",	"docker",	"moby daemon/oci_linux.go, cgroupfs driver" },
	{ "<name>-<id>.scope",			"<name>-<id>",	"",		"runc libcontainer/cgroups/systemd: any other prefix" },

	/* Batch systems: a job, whatever steps and tasks it has */
	{ "[<any>_]slurmstepd.scope/job_<n>",	"job_<n>",	"slurm",	"slurm doc/html/cgroup_v2.shtml" },
	{ "uid_<any>/job_<n>",			"job_<n>",	"slurm",	"slurm src/plugins/cgroup/v1" },
	{ "<any>.service/jobid/<name>",		"<name>",	"pbs",		"openpbs pbs_cgroups.PY, v1" },
	{ "<any>.service/jobs/<name>",		"<name>",	"pbs",		"openpbs pbs_cgroups.PY, v2" },
	{ "pbs.slice/pbs-<name>.slice",		"<name>",	"pbs",		"openpbs pbs_cgroups.PY, before 18" },
	{ "/pbs/<name>",			"<name>",	"pbs",		"openpbs pbs_cgroups.PY, before 18" },
	{ "/torque/<name>",			"<name>",	"torque",	"torque src/lib/Libutils/trq_cgroups.cpp" },
	{ "condor.service/<name>",		"<name>",	"",		"htcondor, BASE_CGROUP below its own service" },
	{ "htcondor/<name>",			"<name>",	"",		"htcondor docs: BASE_CGROUP" },
	{ "lsf/<any>/job.<any>",		"<leaf>",	"lsf",		"LSF docs: LSF_LINUX_CGROUP_ACCT" },
	{ "/UGE/<name>",			"<name>",	"uge",		"Univa Grid Engine docs: cgroup_params" },
	{ "/oar/<name>",			"<name>",	"oar",		"oar tools/job_resource_manager_cgroups.pl" },
	{ "container_[e<n>_]<n>_<n>_<n>_<n>",	"<leaf>",	"yarn",		"hadoop NodeManagerCgroups.md; ContainerId" },

	/* Other orchestrators */
	{ "mesos/<name>",			"<name>",	"mesos",	"mesos docs: --cgroups_root" },
	{ "nomad/<name>",			"<name>",	"nomad",	"nomad client/lib/cgroupslib, v1" },
	{ "nomad/share/<name>",			"<name>",	"nomad",	"nomad client/lib/cgroupslib, v1" },
	{ "nomad/reserve/<name>",		"<name>",	"nomad",	"nomad client/lib/cgroupslib, v1" },
	{ "garden/<name>",			"<name>",	"garden",	"cloudfoundry guardian gardener: --tag" },
	{ "garden/good/<name>",			"<name>",	"garden",	"cloudfoundry guardian throttle: good and bad" },
	{ "garden/bad/<name>",			"<name>",	"garden",	"cloudfoundry guardian throttle: good and bad" },

	/* Machines: named, without an id */
	{ "lxc.payload.<name>",			"lxc-<name>",	"lxc",		"lxc.container.conf(5), 4.0 and later" },
	{ "lxc.monitor.<name>",			"lxc-<name>",	"lxc",		"lxc.container.conf(5), 4.0 and later" },
	{ "lxc.payload/<name>",			"lxc-<name>",	"lxc",		"Proxmox, LXC 4.0: lxc.cgroup.dir.container" },
	{ "lxc.monitor/<name>",			"lxc-<name>",	"lxc",		"Proxmox, LXC 4.0: lxc.cgroup.dir.monitor" },
	{ "libvirt/lxc/<name>",			"<name>",	"libvirt",	"libvirt.org/cgroups.html, before 1.0.5" },
	{ "libvirt/qemu/<name>",		"<name>",	"libvirt",	"libvirt.org/cgroups.html, before 1.0.5" },
	{ "lxc/<name>",				"lxc-<name>",	"lxc",		"lxc.container.conf(5), before 4.0; Proxmox" },
	{ "<name>.libvirt-<any>",		"<leaf>",	"libvirt",	"libvirt.org/cgroups.html, without machined" },
	{ "machine-<name>.scope",		"<leaf>",	"systemd",	"systemd-machined: org.freedesktop.machine1(5)" },
	{ "firecracker/<name>",			"firecracker-<name>", "firecracker", "firecracker docs/jailer.md" },

	/* Hosts without systemd */
	{ "uid_<n>/pid_<any>",			"uid_<n>",	"",		"Android libprocessgroup" },
	{ "/podruntime/<name>",			"<name>",	"",		"Talos pkg/machinery/constants" },
	{ "/system/<name>",			"<name>",	"",		"Talos pkg/machinery/constants" },
	{ "/init",				"<leaf>",	"",		"Talos pkg/machinery/constants" },
	{ "/services/<name>",			"<name>",	"",		"OpenWrt procd service/instance.c" },
	{ "/services/<name>/<any>",		"<name>",	"",		"OpenWrt procd service/instance.c" },
	{ "/openrc.<name>",			"<leaf>",	"",		"OpenRC sh/rc-cgroup.sh, v2" },
	{ "/openrc/<name>",			"<name>",	"",		"OpenRC sh/rc-cgroup.sh, v1" },
};
/* clang-format on */

const size_t nconventions = sizeof(conventions) / sizeof(conventions[0]);
