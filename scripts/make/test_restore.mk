# Comes after test.mk: it backs up the test stack.
TEST_PARTS += test-restore

.PHONY: test-restore
test-restore: test-stack ## A backup under load, restored to another cluster, which serves
	@RUN_DIR=$(CURDIR)/.run/test scripts/run-pytest restore tests/restore
