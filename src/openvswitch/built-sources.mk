# SPDX-License-Identifier: Apache-2.0
# Makes the headers that Open vSwitch's build generates; its Makefile has no target for only these.
include Makefile

vifplug-built-sources: $(BUILT_SOURCES)
.PHONY: vifplug-built-sources
