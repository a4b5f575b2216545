# Checks that need no running program.

LINT_PARTS += format-check shellcheck luacheck checksrc headers topsize tidy
C_SOURCES := $(wildcard libcommon/*/*.c proto/*.c services/*/*.c)
C_FILES := $(C_SOURCES) $(wildcard libcommon/*/*.h libcommon/include/common/*.h proto/*.h \
	services/*/*.h tests/unit/*.h tests/unit/*/*.[ch] tests/fuzz/*.[ch] tests/fuzz/*/*.[ch] tests/load/*.c tests/torture/*.c)

.PHONY: setup-lint lint format format-check tidy tidy-flags checksrc headers topsize shellcheck luacheck
setup-lint:
	$(call setup_for,run lint)

lint: setup-lint ## Layout, static analysis, house rules, sizes, shell scripts
	@scripts/sum-tests $(LINT_PARTS:%='$(MAKE) --no-print-directory %')

format: ## Lay out the C files
	clang-format-14 -i $(C_FILES)

format-check:
	@clang-format-14 --dry-run -Werror $(C_FILES)

# The flags of the clang build, without what clang-tidy has its own idea of.
tidy:
	@$(PARALLEL) BUILD=clang $(foreach s,common $(SERVICES),build/clang/gen/$(s)_sql.h) >/dev/null
	@$(MAKE) --no-print-directory BUILD=clang tidy-run
tidy-run:
	@scripts/tidy $(C_SOURCES) -- $(filter-out -MMD -MP -Werror -W%,$(CFLAGS)) $(INC_COMMON) \
		-I$(OUT)/gen '-DVERSION="tidy"' -DSCHEMA=0

checksrc:
	@scripts/checksrc

# Each public header compiles alone.
headers:
	@bad=0; for h in $(wildcard libcommon/include/common/*.h proto/*.h); do \
		gcc $(filter-out -MMD -MP,$(CFLAGS)) $(INC_COMMON) -fsyntax-only -x c -include "$$h" /dev/null || bad=1; \
	done; exit $$bad

topsize:
	@scripts/topsize $(C_FILES)

shellcheck:
	@shellcheck -e SC1091,SC2153 $$(grep -lE '^#!/(bin/sh|usr/bin/env bash)$$' scripts/* docker/* tests/compose/* .ci/* 2>/dev/null) scripts/stack.d/*.sh scripts/deploy.d/*.sh

luacheck:
	@luacheck --quiet --no-color --std ngx_lua --max-line-length 120 nginx/*.lua
