# Faults under load, with proof that the checks find what is wrong: docs/reliability.md.
TEST_PARTS += test-chaos

.PHONY: test-chaos chaos
test-chaos: setup-test ## Ten minutes of faults under load, and planted bugs that the checks must find
	@$(PARALLEL) BUILD=release build
	@scripts/run-pytest chaos tests/chaos

chaos: setup-test ## An hour of faults under load (CHAOS_MINUTES, CHAOS_SEED, T=a fault); prints a table
	@$(PARALLEL) BUILD=release build
	@scripts/chaos $(if $(T),'$(T)')
