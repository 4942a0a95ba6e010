# SPDX-License-Identifier: GPL-2.0-only
# vigie against its peers, in the same run. Not a test: it fails only where it could not measure.
# BENCH_ROWS="switch scale" runs some of the rows, BENCH_QUICK=1 with few repetitions.

BENCH_TOOLS := $(patsubst %,$(O)/tests/bench/%,sleepers strain probes learned)

$(O)/tests/bench/probes: BENCH_LIBS = $(shell $(PKG_CONFIG) --libs libbpf)
$(O)/tests/bench/learned: BENCH_LIBS = $(LIB)
$(O)/tests/bench/learned: $(LIB)
$(BENCH_TOOLS): %: %.o
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BENCH_LIBS)

# make bench BASE=COMMIT: that build as the peer, built in a work tree of its own, in the same run.
ifneq ($(BASE),)
BASE_TREE := $(O)/base-$(shell git rev-parse --short $(BASE))
BASE_VIGIE := $(BASE_TREE)/build/vigie
$(BASE_VIGIE):
	$(Q)[ -e $(BASE_TREE) ] || git worktree add --detach $(BASE_TREE) $(BASE)
	$(Q)$(MAKE) -C $(BASE_TREE) O=build
endif

.PHONY: bench bench-budget bench-fleet bench-web bench-top bench-doc
bench: $(O)/vigie $(BENCH_TOOLS) $(O)/tests/bench/empty.bpf.o $(BASE_VIGIE)
	$(Q)O=$(O) BASE_VIGIE=$(BASE_VIGIE) python3 -B tests/bench/bench.py $(BENCH_ROWS)

# What a session costs its target, beside perf and offcputime: 14 minutes.
bench-session: $(O)/vigie $(O)/tests/workload/requests
	$(Q)O=$(O) PATH=$$PATH:/usr/sbin python3 -B tests/bench/session.py

# `vigie top` beside top, htop, atop: 5 minutes.
bench-top: $(O)/vigie $(O)/tests/bench/sleepers
	$(Q)O=$(O) python3 -B tests/bench/top.py

# What vigie costs a load that only switches, with and without a budget: from outside, 5 minutes.
bench-budget: $(O)/vigie $(BENCH_TOOLS)
	$(Q)O=$(O) python3 -B tests/bench/budget.py

# Strangers beside a scrape over TLS with a password: vigie and Debian's node exporter, 4 minutes.
bench-web: $(O)/vigie
	$(Q)O=$(O) python3 -B tests/bench/web.py

# What a host costs where all of them end: docs/scale.md, 4 minutes. Needs victoria-metrics.
bench-fleet: $(O)/vigie $(O)/tests/workload/actor
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/bench/fleet.py

# Puts the last results into the documentation; does not measure.
bench-doc:
	$(Q)python3 -B tests/bench/doc.py $(O)/bench.md docs/overhead.md

-include $(BENCH_TOOLS:=.d) $(O)/tests/bench/empty.bpf.d
