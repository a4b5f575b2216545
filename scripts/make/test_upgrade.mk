.PHONY: test-upgrade
test-upgrade: setup-test ## The release before, on this schema, and after this release has written
	@scripts/test-upgrade
