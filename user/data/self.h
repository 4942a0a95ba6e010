/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * self.h - what the writer, the profiler, the namer, who answers for the past and the gate of the web count of
 * themselves.
 *
 * Owns: one line for each counter: the member of the struct that its process fills in and sends
 * as it is, and the metric with its words for the manual. families.c makes families of these
 * lines, in this order; nothing is copied member by member. Not here: figures that the daemon
 * has itself (export/encode.h).
 */
#ifndef VIGIE_DATA_SELF_H
#define VIGIE_DATA_SELF_H

#include <linux/types.h>
#include <vigie/abi.h>

#define SELF_ENUM(value, label) value,
#define SELF_LABEL(value, label) [value] = label,
#define SELF_MEMBER(of, member, ...) __u64 member;
#define SELF_MEMBERS(of, member, n, ...) __u64 member[n];

/* clang-format off */

/* Why an entry was not recorded, and the label of that cause. */
#define WRITER_LOSS_TABLE(X) \
	/* The socket had no room: the disk is too slow, or the writer gone. */ \
	X(WRITER_LOST_QUEUE, "queue_full") \
	X(WRITER_LOST_NO_SPACE, "no_space") /* ENOSPC, EDQUOT */ \
	X(WRITER_LOST_READ_ONLY, "read_only") /* EROFS, EACCES, EPERM */ \
	X(WRITER_LOST_IO, "io_error") /* any other error of a write */ \
	X(WRITER_LOST_NOT_KEY, "no_key") /* a delta whose predecessor was lost */

/* What became of a session that a finding asked for, and the label of that outcome. */
#define PROFILER_OUTCOME_TABLE(X) \
	X(PROFILER_CAPTURED, "captured") /* it is in the finding's folder, or on its way */ \
	/* Another session runs on this host, or hangs: then what says which. */ \
	X(PROFILER_BUSY, "busy") \
	X(PROFILER_LIMITED, "limited") /* too soon after the last one, or too many in an hour */ \
	X(PROFILER_GONE, "gone") /* none of its processes lives any more */ \
	X(PROFILER_FAILED, "failed")

/* What became of a question for a container's name, and the label of that outcome. */
#define NAMER_OUTCOME_TABLE(X) \
	X(NAMER_FOUND, "found") \
	X(NAMER_UNKNOWN, "unknown") /* no runtime that it knows has such a container, now */ \
	X(NAMER_FAILED, "failed") /* a file could not be read, or is not what it should be */

/* Why somebody who asked over the network was not answered, and the label of that reason. */
#define HTTP_DENIAL_TABLE(X) \
	X(HTTP_DENIED_CREDENTIALS, "credentials") /* none, or wrong ones: 401 */ \
	X(HTTP_DENIED_FAILURES, "failures") /* too many wrong ones of this address: 429 */ \
	X(HTTP_DENIED_RATE, "rate_limit") /* 429 */ \
	X(HTTP_DENIED_BUSY, "busy") /* too many to verify at once: 503 */ \
	X(HTTP_DENIED_CERTIFICATE, "certificate") /* of the client: no answer */ \
	X(HTTP_DENIED_HANDSHAKE, "handshake") /* no TLS, or none that both speak: no answer */

enum http_denial { HTTP_DENIAL_TABLE(SELF_ENUM) HTTP_DENIALS };
enum writer_loss { WRITER_LOSS_TABLE(SELF_ENUM) WRITER_LOSSES };
enum profiler_outcome { PROFILER_OUTCOME_TABLE(SELF_ENUM) PROFILER_OUTCOMES };
enum namer_outcome { NAMER_OUTCOME_TABLE(SELF_ENUM) NAMER_OUTCOMES };

/*
 * ONE(of, member, metric, type, unit, help, source) is a figure of that struct (self_view.of);
 * EACH(of, member, how many, metric, label, type, unit, help, source) is one for each cause. Types
 * and units are the words of families.c.
 */
#define SELF_WRITER_TABLE(ONE, EACH) \
	ONE(writer, lines_lost, "vigie_self_log_lines_lost", COUNTER, COUNT, \
	    "Lines of the log that no disk took.", "the writer") \
	ONE(writer, up, "vigie_self_recording_up", GAUGE, COUNT, \
	    "1 while the process that writes lives; 0 without a recording.", "the writer") \
	ONE(writer, entries, "vigie_self_recording_entries", COUNTER, COUNT, \
	    "Snapshots written to the recording.", "the writer") \
	ONE(writer, entry_bytes, "vigie_self_recording_written_bytes", COUNTER, BYTES, \
	    "Bytes written to the recording.", "the writer") \
	ONE(writer, ring_bytes, "vigie_self_recording_disk_bytes", GAUGE, BYTES, \
	    "What the recording takes on the disk now.", "the writer") \
	EACH(writer, entries_lost, WRITER_LOSSES, "vigie_self_recording_lost", "cause", COUNTER, COUNT, \
	     "Snapshots that were not recorded, by cause.", "the writer") \
	ONE(writer, incidents, "vigie_self_incidents", COUNTER, COUNT, \
	    "Folders of evidence that were begun.", "the writer") \
	ONE(writer, incidents_dropped, "vigie_self_incidents_dropped", COUNTER, COUNT, \
	    "Findings whose evidence could not be kept: no room, or the disk failed.", "the writer") \
	ONE(writer, incident_entries_dropped, "vigie_self_incident_entries_dropped", COUNTER, COUNT, \
	    "Snapshots that evidence of open findings has not: its part of the room is full, or " \
	    "the disk failed. The recording may have them.", "the writer") \
	ONE(writer, cpu_ns, "vigie_self_recording_cpu_seconds", COUNTER, SECONDS, \
	    "CPU time of the process that writes; not in vigie_self_cpu_seconds.", \
	    "the writer's getrusage") \
	ONE(writer, resident_bytes, "vigie_self_recording_resident_memory_bytes", GAUGE, BYTES, \
	    "Resident memory of the process that writes.", "the writer's statm")

#define SELF_PROFILER_TABLE(ONE, EACH) \
	EACH(profiler, captures, PROFILER_OUTCOMES, "vigie_self_captures", "outcome", COUNTER, COUNT, \
	     "Profiling sessions that findings asked for, by what became of it.", "the profiler") \
	ONE(profiler, cpu_ns, "vigie_self_capture_cpu_seconds", COUNTER, SECONDS, \
	    "CPU time of these sessions in user space; not in process_cpu_seconds.", \
	    "the profiler's getrusage")

#define SELF_NAMER_TABLE(ONE, EACH) \
	ONE(namer, up, "vigie_self_names_up", GAUGE, COUNT, \
	    "1 while the process that finds the names of containers lives.", "the namer") \
	EACH(namer, lookups, NAMER_OUTCOMES, "vigie_self_name_lookups", "outcome", COUNTER, COUNT, \
	     "Questions for the name of a container, by what became of it.", "the namer") \
	ONE(namer, cpu_ns, "vigie_self_names_cpu_seconds", COUNTER, SECONDS, \
	    "CPU time of finding names; not in process_cpu_seconds.", "the namer's getrusage")

#define SELF_HISTORY_TABLE(ONE, EACH) \
	ONE(history, up, "vigie_self_history_up", GAUGE, COUNT, \
	    "1 while the process that answers what is asked of the past lives; 0 without a history.", \
	    "the daemon") \
	ONE(history, cpu_ns, "vigie_self_history_cpu_seconds", COUNTER, SECONDS, \
	    "CPU time of answering for the past; not in process_cpu_seconds.", \
	    "its getrusage, with each answer") \
	ONE(history, resident_bytes, "vigie_self_history_resident_memory_bytes", GAUGE, BYTES, \
	    "Resident memory of the process that answers for the past.", \
	    "its statm, with each answer")

#define SELF_WEB_TABLE(ONE, EACH) \
	ONE(web, reload_successful, "vigie_self_web_config_last_reload_successful", GAUGE, COUNT, \
	    "1 while the web configuration in force is the one of the file.", "the daemon") \
	ONE(web, reload_failures, "vigie_self_web_config_reload_failures", COUNTER, COUNT, \
	    "Changes of the web configuration that were not taken: the one before stayed.", \
	    "the daemon") \
	EACH(web, denied, HTTP_DENIALS, "vigie_self_web_denied", "reason", COUNTER, COUNT, \
	     "Requests and handshakes that were refused by the web configuration, by reason.", \
	     "the daemon") \
	ONE(web, verifier_up, "vigie_self_web_verifier_up", GAUGE, COUNT, \
	    "1 while the process that verifies passwords lives; 0 without a web configuration.", \
	    "the daemon")

/* Totals since the process began, gauges apart. */
struct self_writer { SELF_WRITER_TABLE(SELF_MEMBER, SELF_MEMBERS) };
struct self_profiler { SELF_PROFILER_TABLE(SELF_MEMBER, SELF_MEMBERS) };
struct self_namer { SELF_NAMER_TABLE(SELF_MEMBER, SELF_MEMBERS) };
struct self_history { SELF_HISTORY_TABLE(SELF_MEMBER, SELF_MEMBERS) };
struct self_web { SELF_WEB_TABLE(SELF_MEMBER, SELF_MEMBERS) };

/* What goes first where vigie costs more than it may, and the label of that step; in this order. */
#define SELF_SHED_TABLE(X) \
	X(SELF_SHED_CULPRITS, "culprits") \
	X(SELF_SHED_HISTOGRAMS, "histograms") \
	X(SELF_SHED_REASONS, "off_cpu") \
	X(SELF_SHED_MOVED, "wakeup") /* the correction of waits: 6.12 and later */ \
	X(SELF_SHED_INTERVAL, "interval") /* snapshots are further apart */

/* Whose time it is. */
#define SELF_OVERHEAD_TABLE(X) \
	X(SELF_OVERHEAD_PROCESSES, "processes") \
	X(SELF_OVERHEAD_PROBES, "probes")

enum self_shed { SELF_SHED_TABLE(SELF_ENUM) SELF_SHED_STEPS };
/* Steps of the probes are the bits of a view's word. */
_Static_assert(VIGIE_SHED_CULPRITS == 1 << SELF_SHED_CULPRITS &&
		       VIGIE_SHED_HISTOGRAMS == 1 << SELF_SHED_HISTOGRAMS &&
		       VIGIE_SHED_REASONS == 1 << SELF_SHED_REASONS &&
		       VIGIE_SHED_MOVED == 1 << SELF_SHED_MOVED,
	       "a step is called as another one");
enum self_overhead { SELF_OVERHEAD_TABLE(SELF_ENUM) SELF_OVERHEAD_PARTS };

/* limit_bytes 0: there is none. max_tasks: with a state; where task storage is missing it has an end anyway. */
struct self_memory {
	__u64 limit_bytes, bytes, max_tasks;
	__u64 max_retired; /* keys of dead tasks */
};

/* Ratios are of one core, in parts of 10^9. limit_ppb 0: there is no budget, nor the rest. */
struct self_budget {
	__u64 limit_ppb;
	__u64 overhead_ppb[SELF_OVERHEAD_PARTS];
	__u64 shed[SELF_SHED_STEPS]; /* 1: it is off */
	__u64 shed_ns[SELF_SHED_STEPS];
};

/* clang-format on */

#endif
