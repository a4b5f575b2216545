# Each allocation fails in turn while a service answers. Its database is kept in the test stack, as that of the plans.
TEST_PARTS += test-torture

build/torture/quick_argon2.so: tests/torture/quick_argon2.c
	@mkdir -p $(@D)
	$(Q)gcc -shared -fPIC -O1 $(WARN) $< -o $@

.PHONY: test-torture
test-torture: test-stack build/torture/quick_argon2.so ## Every route while memory runs out; T=expression selects
	@$(PARALLEL) BUILD=torture build
	@RUN_DIR=$(CURDIR)/.run/test scripts/run-pytest torture $(if $(T),-k '$(T)') tests/torture
