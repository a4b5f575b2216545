# Tests beside the unit tests. Each target ends with `name: N passed, N failed`; a file of its own
# may add more: TEST_PARTS += test-more.

# The stack that tests use runs beside the one of `make run`: other ports and data, sanitizers on,
# a clock that tests move.
TEST_BUILD ?= asan
TEST_PORT_OFFSET ?= 1000
TEST_STACK := RUN_DIR=.run/test PORT_OFFSET=$(TEST_PORT_OFFSET) BIN_DIR=build/$(TEST_BUILD)/bin DRILL=1 APP_ENV=test \
	SERVICE_ENV=tests/api/service.env CONNECTIONS_PER_IP=10000 scripts/stack

TEST_PARTS += test-unit test-fuzz test-sim test-migrations test-wire test-api

.PHONY: setup-test test check test-build test-stack test-api test-wire test-migrations test-fuzz test-sim
setup-test:
	$(call setup_for,run test)

test: setup-test ## Every test; ends with N passed, N failed
	@$(TEST_STACK) reset
	@scripts/sum-tests $(TEST_PARTS:%='$(MAKE) --no-print-directory %'); rc=$$?; \
		$(TEST_STACK) down >&2 && exit $$rc

check: ## All that has to be right before a commit: lint, check-docs, test
	@scripts/sum-tests $(foreach t,lint check-docs test,'$(MAKE) --no-print-directory $(t)')

test-build: setup-test
	@$(PARALLEL) BUILD=$(TEST_BUILD) build

test-stack: test-build
	@mkdir -p .run && $(TEST_STACK) up >.run/test-stack.log || { cat .run/test-stack.log; exit 1; }

test-api: test-stack ## API tests (pytest) against the test stack; T=expression selects
	@scripts/test-api $(if $(T),-k '$(T)')

test-wire: test-stack ## Wire tests (varnishtest) against a service's own port
	@scripts/test-wire tests/wire

test-migrations: setup-test ## Migrations up, down and up again
	@$(TEST_STACK) start postgres && scripts/test-migrations

test-sim: setup-test ## The stand-ins for others' servers
	@scripts/run-pytest sim tests/sim

# --- fuzzers: tests/fuzz/fuzz_<parser>.c with a corpus in tests/fuzz/corpus/<parser>; those of a
# service's parsers in tests/fuzz/<service>, with its library, and corpus/<service>/<parser> ---------

FUZZ_SECONDS ?= 30
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/fuzzers/%,$(wildcard tests/fuzz/fuzz_*.c tests/fuzz/*/fuzz_*.c))

define service_fuzzer
build/fuzz/fuzzers/$(1)/%: tests/fuzz/$(1)/%.c build/fuzz/lib$(1).a build/fuzz/libproto.a build/fuzz/libcommon.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) -fsanitize=fuzzer $$(INC_COMMON) -Iservices/$(1) -Ibuild/fuzz/gen -Itests/fuzz \
		$$(LDFLAGS) $$(filter %.c %.a,$$^) $$(LIB_LIBS) -o $$@
endef
$(foreach s,$(SERVICES),$(eval $(call service_fuzzer,$(s))))

build/fuzz/fuzzers/%: tests/fuzz/%.c build/fuzz/libproto.a build/fuzz/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(INC_COMMON) $(LDFLAGS) $< build/fuzz/libproto.a \
		build/fuzz/libcommon.a $(LIB_LIBS) -o $@

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)
test-fuzz: setup-test ## Every fuzzer over its corpus
	@$(PARALLEL) BUILD=fuzz fuzzers
	@scripts/fuzz 0
fuzz: setup-test ## Every fuzzer for FUZZ_SECONDS (30) seconds; T=booking/* selects
	@$(PARALLEL) BUILD=fuzz fuzzers
	@scripts/fuzz $(FUZZ_SECONDS) $(if $(T),'$(T)')
