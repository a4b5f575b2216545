# The local stack: see scripts/stack. Variables given to make reach it: make run HTTPS_PORT=9443

# Recursion reads the Makefile again: pkg-config knows the libraries only once they are installed.
PARALLEL := $(MAKE) --no-print-directory -j$(shell nproc)
ifneq ($(SETUP),no)
define setup_for
	@scripts/setup $(1)
endef
endif

.PHONY: setup run stop status logs scale reset demo
setup: ## Install the Debian packages that make run needs
	$(call setup_for,run)

run: setup ## Build and start everything; prints the URL, logins and commands to try
	@$(MAKE) -q build 2>/dev/null || echo "building; the first time takes a minute or two"
	@$(PARALLEL) build
	@scripts/stack up

stop: ## Stop everything; the data stays
	@scripts/stack down
	@$(TEST_STACK) down

status: ## What runs, and on which ports
	@scripts/stack status

scale: ## So many replicas while it serves: make scale booking=4
	@scripts/stack scale $(foreach s,$(SERVICES),$(if $($(s)),$(s)=$($(s))))

logs: ## Follow the logs
	@scripts/stack logs

reset: ## Stop everything and remove the data
	@$(TEST_STACK) reset
	@scripts/stack reset

demo: run ## Play a day at the business over the API and print what happens
	@scripts/demo
