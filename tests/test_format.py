"""The three descriptions of the blob agree: ti_format.h (as the C compiler lays it out), packer/format.py and SPEC.md.

So do packer/core.py's copies of the structs in ti_core.h.
"""

import ctypes
import re
import subprocess

import pytest
from conftest import ROOT
from packer import core
from packer import format as fmt

CORE = ROOT / "native_modules" / "core"
HEADER = (CORE / "ti_format.h").read_text()
SPEC = (ROOT / "SPEC.md").read_text()

C_TYPES = {"u8": "uint8_t", "i8": "int8_t", "u16": "uint16_t", "i16": "int16_t", "u32": "uint32_t", "i32": "int32_t"}
BY_C_NAME = {s.c_name: s for s in fmt.STRUCTS}


def compile_asserts(tmp_path, asserts):
    """Compile `asserts`, (C expression, message) pairs, against the core's headers; what the compiler finds false is returned."""
    source = tmp_path / "asserts.c"
    lines = [f'_Static_assert({expression}, "{message}");' for expression, message in asserts]
    source.write_text("\n".join(["#include <stddef.h>", '#include "ti_core.h"', *lines, ""]))
    gcc = subprocess.run(
        ["gcc", "-std=gnu11", "-fsyntax-only", f"-I{CORE}", str(source)], capture_output=True, text=True
    )
    assert bool(gcc.returncode) == ("error:" in gcc.stderr), gcc.stderr
    return re.findall(r"error: (.*)", gcc.stderr)


def test_compiler_finds_a_difference(tmp_path):
    asserts = [("sizeof(uint32_t) == 4", "right"), ("sizeof(uint32_t) == 5", "wrong")]
    assert compile_asserts(tmp_path, asserts) == ['static assertion failed: "wrong"']


@pytest.mark.parametrize("struct", fmt.STRUCTS, ids=lambda s: s.c_name)
def test_struct_is_laid_out_as_in_c(tmp_path, struct):
    asserts = [(f"sizeof({struct.c_name}) == {struct.size}", f"{struct.c_name} has {struct.size} bytes")]
    for f in struct.fields:
        member = f"(({struct.c_name} *)0)->{f.name}"
        item = f"{member}[0]" if f.count > 1 else member
        c_type = f.kind.c_name if isinstance(f.kind, fmt.Struct) else C_TYPES[f.kind]
        asserts += [
            (f"offsetof({struct.c_name}, {f.name}) == {f.offset}", f"{f.name} is at byte {f.offset}"),
            (f"__builtin_types_compatible_p(__typeof__({item}), {c_type})", f"{f.name} is {c_type}"),
            (f"sizeof({member}) == {f.item_bytes * f.count}", f"{f.name} has {f.item_bytes * f.count} bytes"),
        ]
    assert compile_asserts(tmp_path, asserts) == []


@pytest.mark.parametrize("struct", fmt.STRUCTS, ids=lambda s: s.c_name)
def test_fields_cover_every_byte(struct):
    """No padding, and with the sizes equal no C field that Python does not know."""
    at = 0
    for f in struct.fields:
        assert f.offset == at, f.name
        at += f.item_bytes * f.count
    assert at == struct.size


def test_python_knows_every_c_struct():
    assert sorted(re.findall(r"^} (ti_\w+);", HEADER, re.M)) == sorted(BY_C_NAME)


def test_constants_are_those_of_c(tmp_path):
    enumerators = [
        name
        for body in re.findall(r"^enum \w+ \{(.*?)\}", HEADER, re.M | re.S)
        for name in re.findall(r"\bTI_(\w+) =", body)
    ]
    defines = re.findall(r"^#define TI_(\w+) ", HEADER, re.M)
    assert "TABLE" in enumerators and "BLOB_ALIGN" in defines

    expected = {**vars(fmt), **fmt.KERNELS, "KERNEL_COUNT": max(fmt.KERNELS.values()) + 1}
    expected |= {f"OP_{name}": value for name, value in fmt.BINARY_OPS.items()}
    expected |= {name.upper().replace(" ", "_"): value for name, value in fmt.CODINGS.items()}
    asserts = []
    for name in enumerators + defines:
        value = expected[name]
        if isinstance(value, bytes):
            asserts.append((f'__builtin_strcmp(TI_{name}, "{value.decode()}") == 0', f"TI_{name} is {value.decode()}"))
        else:
            asserts.append((f"TI_{name} == {value}", f"TI_{name} is {value}"))
    assert compile_asserts(tmp_path, asserts) == []


@pytest.mark.parametrize(("c_name", "struct"), [("ti_fault", core._Fault), ("ti_model", core._Model)])
def test_ctypes_struct_is_laid_out_as_in_c(tmp_path, c_name, struct):
    asserts = [(f"sizeof({c_name}) == {ctypes.sizeof(struct)}", f"{c_name} has {ctypes.sizeof(struct)} bytes")]
    for name, _ in struct._fields_:
        at, size = getattr(struct, name).offset, getattr(struct, name).size
        asserts += [
            (f"offsetof({c_name}, {name}) == {at}", f"{name} is at byte {at}"),
            (f"sizeof((({c_name} *)0)->{name}) == {size}", f"{name} has {size} bytes"),
        ]
    assert compile_asserts(tmp_path, asserts) == []


def spec_rows(title):
    """The `byte | type | field` rows of the section `title` of SPEC.md: [(byte, kind, count, name)]."""
    section = re.search(rf"^### {title}.*?\n(.*?)^#", SPEC, re.M | re.S).group(1)
    rows = []
    for byte, kind, name in re.findall(r"^\| (\d+) \| ([^|]+) \| `(\w+)` \|", section, re.M):
        kind, _, count = kind.partition(" × ")
        if kind == "4 bytes":
            kind, count = "u8", 4
        rows.append((int(byte), "u32" if kind == "f32" else kind, int(count or 1), name))
    return rows


@pytest.mark.parametrize(
    ("title", "struct"),
    [("Header", fmt.HEADER), ("Tensor", fmt.TENSOR), ("Op", fmt.OP), ("Segment", fmt.SEGMENT), ("Input or output", fmt.IO)],
)
def test_spec_table(title, struct):
    assert spec_rows(title) == [(f.offset, f.kind, f.count, f.name) for f in struct.fields]


def test_spec_sizes():
    """Wherever SPEC.md says how many bytes a struct has."""
    sizes = re.findall(r"`(ti_\w+)(?:\[[^`]*\])?`,? \(?(\d+) bytes", SPEC)
    assert {name for name, _ in sizes} == BY_C_NAME.keys()
    assert [(name, int(size)) for name, size in sizes] == [(name, BY_C_NAME[name].size) for name, _ in sizes]


def test_spec_step():
    text = re.search(r"^### Step.*?\n\n`([^`]*)`", SPEC, re.M | re.S).group(1)
    assert text == ", ".join(f"{f.kind} {f.name}" for f in fmt.STEP.fields)


def test_spec_kernels():
    """The headings of "Kernels" give each kernel its number and the struct of its parameters."""
    found = {}
    for heading, c_name in re.findall(r"^### (\d+ [^\n]*) — `(ti_\w+)`", SPEC, re.M):
        for number, name in re.findall(r"(\d+) (\w+)", heading):
            found[name] = (int(number), BY_C_NAME[c_name])
    assert found == {name: (number, fmt.PARAMS[name]) for name, number in fmt.KERNELS.items()}


def test_spec_constants():
    assert re.search(r"^# The `.tin` blob, version (\d+)", SPEC).group(1) == str(fmt.VERSION)
    dtypes = re.search(r"`dtype` \| ([^|]*) \|\n", SPEC).group(1)
    assert dtypes == ", ".join(f"{code} {name}" for name, code in fmt.DTYPES.items())
    assert re.search(r"`space` \| ([^|]*) \|", SPEC).group(1) == f"{fmt.POOL} pool, {fmt.BLOB} blob, {fmt.STATE} state"


def test_spec_codings():
    table = re.search(r"^### Coded weights.*?\n\n(\|.*?)\n\n", SPEC, re.M | re.S).group(1)
    assert {name: int(number) for number, name in re.findall(r"^\| (\d+) ([a-z ]+) \|", table, re.M)} == fmt.CODINGS
