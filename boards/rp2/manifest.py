# What is frozen into the rp2 port: its own modules and asyncio. The drivers of micropython-lib, which MicroPython's
# releases have as well, are not in Debian's source package.
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
