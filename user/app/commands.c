// SPDX-License-Identifier: GPL-2.0-only
/* commands.c - owns the list of the sub-commands and a line on each: main and the manual show it. */
#include "app/commands.h"

#include <stddef.h>

const struct subcommand subcommands[] = {
	{ "serve", cmd_serve, "watch all the time and serve OpenMetrics to Prometheus" },
	{ "top", cmd_top, "a live screen of every process, and of any moment of the history" },
	{ "once", cmd_once, "watch for a moment and print what every process cost" },
	{ "doctor", cmd_doctor, "show what this kernel gives, from where, and what is missing" },
	{ "replay", cmd_replay, "recompute what a history shows: tables, metrics, findings" },
	{ "export", cmd_export, "write a history as tables for Power BI and spreadsheets" },
	{ "explain", cmd_explain, "explain a finding: its curve, culprits and remedy" },
	{ "verdict", cmd_verdict, "call a finding's pattern benign or malicious" },
	{ "verify", cmd_verify, "check whether a log is as it was written" },
	{ "record", cmd_record, "profile one program: where it runs, waits, and why" },
	{ "report", cmd_report, "show a profiling session: text, flame graphs, pprof" },
	{ "inventory", cmd_inventory,
	  "this host as a target of Prometheus, with labels that identify it" },
	{ "detect", cmd_detect, "score a series of your own: timestamp,value" },
	{ NULL, NULL, NULL },
};
