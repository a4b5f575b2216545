# One file, not recursive. `make help` lists the targets.
#
# BUILD names a variant; each has its own folder below build/:
#   release (default)  asan  clang  torture  fuzz  coverage
BUILD ?= release
OUT := build/$(BUILD)
SERVICES := $(shell scripts/services)

CC_release := gcc
CC_asan := gcc
CC_clang := clang-14
CC_torture := gcc
CC_fuzz := clang-14
CC_coverage := gcc
CC := $(CC_$(BUILD))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wcast-qual -Wcast-align -Wformat=2 -Wundef -Wvla \
	-Wdouble-promotion -Wconversion -Wno-sign-conversion -Wredundant-decls \
	-Wimplicit-fallthrough -Werror
WARN_gcc := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wnull-dereference
WARN_clang := -Wmissing-variable-declarations

SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 $(WARN_gcc)
FLAGS_asan := -O1 -g $(SAN)
FLAGS_clang := -O2 -g $(WARN_clang)
FLAGS_torture := -O1 -g $(SAN) -DMEM_TORTURE
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FLAGS_coverage := -O0 -g --coverage

LIBS := libevent_core libevent_extra libevent_pthreads libpq hiredis libcjson libcurl libcrypto libargon2
# Third-party headers are system headers: their warnings are not ours.
LIB_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(LIBS) 2>/dev/null))
LIB_LIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm

CFLAGS := -std=gnu17 -D_GNU_SOURCE -pthread -fno-omit-frame-pointer -fstack-protector-strong -fPIE \
	-MMD -MP $(WARN) $(FLAGS_$(BUILD)) $(LIB_CFLAGS) $(EXTRA_CFLAGS)
LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(filter -fsanitize% --coverage,$(FLAGS_$(BUILD)))
ifeq ($(BUILD),fuzz)
LDFLAGS := $(patsubst -fsanitize=fuzzer-no-link%,-fsanitize=address%,$(LDFLAGS))
endif

# make V=1 shows the commands.
Q := $(if $(V),,@)

INC_COMMON := -Ilibcommon/include -Iproto
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
# How many changes of the schema this version knows: the plan only grows.
SCHEMA := $(shell grep -c '^[a-z]' migrations/sqitch.plan 2>/dev/null || echo 0)

.DEFAULT_GOAL := help
.SECONDARY:
.DELETE_ON_ERROR:

# --- objects ---------------------------------------------------------------------------------

COMMON_SRC := $(wildcard libcommon/*/*.c)
COMMON_OBJ := $(COMMON_SRC:%.c=$(OUT)/%.o) $(OUT)/gen/common_sql.o
PROTO_SRC := $(wildcard proto/*.c)
PROTO_OBJ := $(PROTO_SRC:%.c=$(OUT)/%.o)

$(OUT)/libcommon/%.o: libcommon/%.c | $(OUT)/gen/common_sql.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC_COMMON) -I$(OUT)/gen -c $< -o $@

# Written anew when the version is another one.
.PHONY: FORCE
$(OUT)/gen/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(SCHEMA)' | cmp -s - $@ || echo '$(VERSION) $(SCHEMA)' >$@
$(OUT)/libcommon/app/version.o: $(OUT)/gen/version
$(OUT)/libcommon/app/version.o: CFLAGS += -DVERSION='"$(VERSION)"' -DSCHEMA=$(SCHEMA)

$(OUT)/proto/%.o: proto/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC_COMMON) -c $< -o $@

# A folder is newer once a file in it has gone.
$(OUT)/gen/common_sql.c: $(wildcard libcommon/data/sql/*.sql) libcommon/data/sql scripts/gen-sql
	@mkdir -p $(@D)
	$(Q)scripts/gen-sql common libcommon/data/sql $(OUT)/gen/common_sql
$(OUT)/gen/common_sql.h: $(OUT)/gen/common_sql.c ;

$(OUT)/gen/%.o: $(OUT)/gen/%.c
	$(Q)$(CC) $(CFLAGS) $(INC_COMMON) -I$(OUT)/gen -c $< -o $@

$(OUT)/libcommon.a: $(COMMON_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(OUT)/libproto.a: $(PROTO_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

define service
$(1)_SRC := $$(wildcard services/$(1)/*.c)
$(1)_OBJ := $$($(1)_SRC:%.c=$$(OUT)/%.o) $$(OUT)/gen/$(1)_sql.o
$$(OUT)/gen/$(1)_sql.c: $$(wildcard services/$(1)/sql/*.sql) services/$(1)/sql scripts/gen-sql
	@mkdir -p $$(@D)
	$$(Q)scripts/gen-sql $(1) services/$(1)/sql $$(OUT)/gen/$(1)_sql
$$(OUT)/gen/$(1)_sql.h: $$(OUT)/gen/$(1)_sql.c ;
$$(OUT)/services/$(1)/%.o: services/$(1)/%.c | $$(OUT)/gen/$(1)_sql.h
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) $$(INC_COMMON) -Iservices/$(1) -I$$(OUT)/gen -c $$< -o $$@
$$(OUT)/lib$(1).a: $$(filter-out %/main.o,$$($(1)_OBJ))
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
$$(OUT)/bin/$(1): $$(OUT)/services/$(1)/main.o $$(OUT)/lib$(1).a $$(OUT)/libproto.a $$(OUT)/libcommon.a
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) $$(filter %.o %.a,$$^) $$(LIB_LIBS) -o $$@
endef
$(foreach s,$(SERVICES),$(eval $(call service,$(s))))

BINS := $(SERVICES:%=$(OUT)/bin/%)

.PHONY: build
build: $(BINS) ## Build the services (BUILD=release|asan|clang|torture|coverage)

-include $(wildcard $(OUT)/*/*.d $(OUT)/*/*/*.d $(OUT)/*/*/*/*.d)

# --- unit tests ------------------------------------------------------------------------------
# tests/unit/<folder>/<name>_test.c mirrors the code. Tests of a service's domain rules link what they
# need of that service.

UNIT_SRC := $(wildcard tests/unit/*/*_test.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)
CMOCKA := $(shell pkg-config --cflags --libs cmocka 2>/dev/null)

define service_unit
$$(OUT)/unit/$(1)/%_test: tests/unit/$(1)/%_test.c $$(OUT)/lib$(1).a $$(OUT)/libproto.a $$(OUT)/libcommon.a
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) -Wno-cast-qual $$(INC_COMMON) -Iservices/$(1) -I$$(OUT)/gen -Itests/unit $$(LDFLAGS) $$(filter %.c %.a,$$^) \
		$$(LIB_LIBS) $$(CMOCKA) -o $$@
endef
$(foreach s,$(SERVICES),$(eval $(call service_unit,$(s))))

$(OUT)/unit/%_test: tests/unit/%_test.c $(OUT)/libproto.a $(OUT)/libcommon.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Wno-cast-qual $(INC_COMMON) -I$(OUT)/gen -Itests/unit $(LDFLAGS) $< \
		$(OUT)/libproto.a $(OUT)/libcommon.a $(LIB_LIBS) $(CMOCKA) -o $@

.PHONY: unit-bins test-unit
unit-bins: $(UNIT_BIN)
test-unit: ## Unit tests (cmocka), under ASan and UBSan
	$(MAKE) --no-print-directory BUILD=torture unit-bins
	scripts/run-unit build/torture/unit

# --- the rest lives in files of its own, by topic ----------------------------------------------
include $(wildcard scripts/make/*.mk)

.PHONY: help clean
help: ## This list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'
clean: ## Remove what was built
	rm -rf build
