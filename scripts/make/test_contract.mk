# Comes after test.mk: the contract test reads what the API tests exchanged.
TEST_PARTS += test-contract

.PHONY: test-contract
test-contract: ## What the API tests exchanged, against proto/openapi
	@scripts/test-contract
