# docker-compose.yml, run for real.
TEST_PARTS += test-compose

.PHONY: test-compose
test-compose: ## The suite in containers: up, used, scaled, killed, down (needs a Docker engine, or root)
	$(call setup_for,compose)
	@scripts/run-pytest compose tests/compose
