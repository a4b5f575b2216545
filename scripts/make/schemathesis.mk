# The contract test has these tests in it (make test-contract); here they are alone.

.PHONY: test-schemathesis
test-schemathesis: test-build ## schemathesis against a stack of its own, by proto/openapi's documents
	@scripts/run-pytest schemathesis tests/contract/test_schemathesis.py
