"""MicroPython's mpy_ld, mended for Xtensa: link_xtensa.py MPY_DIR/tools ARGUMENTS of mpy_ld.

mpy_ld of 1.25 takes the address of a global symbol for that of what lies some bytes after it, where a literal holds the latter.
"""

import sys

sys.path.insert(0, sys.argv.pop(1))

import mpy_ld  # noqa: E402

build_got = mpy_ld.build_got_xtensa


def build_got_with_addends(env):
    build_got(env)
    for entry in env.got_entries.values():
        symbol, _, addend = entry.name.partition("+0x")
        of_section = entry.sym.entry["st_info"]["type"] == "STT_SECTION"
        if addend and not of_section and symbol != "mp_fun_table" and not entry.link_addr:
            entry.link_addr = int(addend, 16)


mpy_ld.build_got_xtensa = build_got_with_addends
mpy_ld.main()
