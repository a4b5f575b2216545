# The benchmark: release binaries on a stack of their own. See docs/performance.md.

.PHONY: setup-bench bench
setup-bench:
	$(call setup_for,run bench)

$(OUT)/load/%: tests/load/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $< $(LIB_LIBS) -o $@

bench: setup-bench ## Speed and size against what the machine could do at best; prints ratios
	@$(PARALLEL) BUILD=release build build/release/load/trivial
	@scripts/bench
