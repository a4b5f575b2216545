# The database of a million rows is kept in the test stack while what it is made from stays the same.
TEST_PARTS += test-plans

.PHONY: test-plans
test-plans: test-stack ## Every SQL statement is planned and run among a million rows
	@RUN_DIR=$(CURDIR)/.run/test scripts/run-pytest plans tests/plans
