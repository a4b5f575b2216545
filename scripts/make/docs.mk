# What the binaries print about themselves is kept in the tree, so that a change of the API is seen
# in review.

.PHONY: openapi check-docs
openapi: build ## Print proto/openapi/*.json and .env.example from the binaries
	@scripts/print-docs $(OUT)/bin .

check-docs: setup-test ## Fails when printed files and binaries differ, or docs/security.md names what is not there
	@$(PARALLEL) build
	@scripts/check-docs $(OUT)/bin
	@scripts/run-pytest security-page tests/contract/test_security_page.py
