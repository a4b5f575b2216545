# Comes after test.mk: the contract test reads what the API tests exchanged.
TEST_PARTS += test-contract

.PHONY: test-contract
test-contract: ## What the API tests exchanged, against proto/openapi
	@RUN_DIR=$(CURDIR)/.run/test scripts/run-pytest contract tests/contract
