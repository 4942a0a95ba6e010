# SPDX-License-Identifier: GPL-2.0-only
# BPF logic through syscall programs, and collect against the running kernel: needs root.
# *logic.bpf.c are linked with the owners of the maps and knobs that the headers refer to.

BPF_TEST_BIN := $(patsubst %.c,$(O)/%,$(wildcard tests/bpf/test_*.c))
BPF_TEST_LOGIC := $(patsubst %,$(O)/%.bpf.o,bpf/knobs bpf/cpus tests/bpf/logic)
BPF_TEST_SESSION_LOGIC := $(patsubst %,$(O)/%.bpf.o,bpf/knobs bpf/profile/session bpf/profile/stacks tests/bpf/session_logic)
# What test_epoch makes fail, or uses as the moment at which late writers write.
BPF_TEST_WRAP := malloc calloc realloc syscall nanosleep bpf_map_lookup_batch \
		 bpf_map_lookup_and_delete_batch bpf_map_update_elem

$(O)/gen/logic.bpf.o: $(BPF_TEST_LOGIC)
	$(say) BPFLINK $@
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $^

$(O)/gen/session_logic.bpf.o: $(BPF_TEST_SESSION_LOGIC)
	$(say) BPFLINK $@
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BPF_TEST_BIN:=.o): | $(SKEL) $(O)/gen/logic.skel.h $(O)/gen/session_logic.skel.h

$(O)/tests/bpf/test_epoch: private BPF_TEST_LDFLAGS = $(BPF_TEST_WRAP:%=-Wl,--wrap=%)
$(O)/tests/bpf/test_%: $(O)/tests/bpf/test_%.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(BPF_TEST_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

test-bpf: $(BPF_TEST_BIN) $(O)/tests/workload/moved
	@status=0; for t in $(BPF_TEST_BIN); do O=$(O) $$t || status=1; done; exit $$status

-include $(BPF_TEST_BIN:=.d) $(O)/tests/bpf/logic.bpf.d $(O)/tests/bpf/session_logic.bpf.d
