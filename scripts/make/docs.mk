# What the binaries print about themselves is kept in the tree, so that a change of the API is seen
# in review.

.PHONY: openapi check-docs
openapi: build ## Print proto/openapi/*.json and .env.example from the binaries
	@scripts/print-docs $(OUT)/bin .

check-docs: setup ## Fails when printed files and binaries differ
	@$(PARALLEL) build
	@scripts/check-docs $(OUT)/bin
