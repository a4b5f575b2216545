# Commands are not shown; V=1 shows them. Errors always are.
ifndef V
.SILENT:
MAKEFLAGS += --no-print-directory
endif
