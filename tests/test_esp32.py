"""The ESP32 boards' firmware files, as far as they can be checked without ESP-IDF: partition tables, and what MicroPython's
own build makes of the boards with a stand-in for ESP-IDF (tests/esp32)."""

import csv
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT, built

BOARDS = ["ESP32_GENERIC", "ESP32_GENERIC_C3", "ESP32_GENERIC_S3"]
TARGETS = {"ESP32_GENERIC": "esp32", "ESP32_GENERIC_C3": "esp32c3", "ESP32_GENERIC_S3": "esp32s3"}
TABLE_END = 0x9000  # the table itself lies in the sector before
APP_ALIGNMENT, ALIGNMENT, PAGE = 0x10000, 0x1000, 0x10000  # of ESP-IDF; a page is what the MMU maps
TYPES, APP_SUBTYPES, DATA_SUBTYPES = {"app", "data"}, {"factory"}, {"nvs", "phy", "fat"}


@pytest.fixture(scope="module")
def port():
    """The folder of MicroPython's esp32 port."""
    return built("micropython.path", "micropython").read_text().strip() + "/ports/esp32"


def number(text):
    text = text.strip()
    units = {"K": 1 << 10, "M": 1 << 20}
    return int(text[:-1], 0) * units[text[-1]] if text[-1] in units else int(text, 0)


def partitions(path):
    """{name: (type, subtype, offset, bytes)} of a table."""
    with open(path) as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(line for line in file if not line.startswith("#"))]
    rows = [row for row in rows if row]
    assert len({row[0] for row in rows}) == len(rows)
    return {name: (kind, subtype, number(offset), number(size)) for name, kind, subtype, offset, size, *_ in rows}


def board_json(board):
    return json.loads((ROOT / "boards" / board / "board.json").read_text())


def configure(port, board, folder):
    """(what the port configures before ESP-IDF takes over, line by line; the sdkconfig)."""
    command = ["cmake", "-S", port, "-B", folder, f"-DMICROPY_BOARD={board}", f"-DMICROPY_BOARD_DIR={ROOT}/boards/{board}",
               f"-DUSER_C_MODULES={ROOT}/native_modules/usermod/micropython.cmake"]  # fmt: skip
    env = {**os.environ, "IDF_PATH": str(ROOT / "tests" / "esp32" / "idf")}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "found").read_text().splitlines(), (folder / "sdkconfig.combined").read_text()


@pytest.fixture(scope="module")
def configured(port, tmp_path_factory):
    return {board: configure(port, board, tmp_path_factory.mktemp(board)) for board in BOARDS}


@pytest.mark.parametrize("board", BOARDS)
def test_partitions(board):
    table = partitions(ROOT / "boards" / board / "partitions.csv")
    end = TABLE_END
    for name, (kind, subtype, offset, size) in table.items():
        assert 0 < len(name) < 16 and kind in TYPES, name
        assert subtype in (APP_SUBTYPES if kind == "app" else DATA_SUBTYPES) or 0 <= int(subtype, 0) < 0xFF, name
        alignment = APP_ALIGNMENT if kind == "app" else ALIGNMENT
        assert offset % alignment == 0 and size % ALIGNMENT == 0 and size > 0, name
        assert offset == end, f"{name} overlaps, or a gap is before it"
        end = offset + size
    assert end == board_json(board)["flash_bytes"], "the flash is used to its end"
    assert table["romfs"][0] == "data" and table["romfs"][2] % PAGE == 0 and table["romfs"][3] >= 1 << 20
    assert table["vfs"][:2] == ("data", "fat")  # where the port looks for its file system


@pytest.mark.parametrize("board", BOARDS)
def test_board_json_says_what_the_stock_table_has(board, port, configured):
    """And there is no less for the firmware in ours."""
    _, sdkconfig = configured[board]
    (*_, stock, ours) = re.findall(r'^CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="(.*)"$', sdkconfig, re.MULTILINE)
    (*_, flash) = re.findall(r"^CONFIG_ESPTOOLPY_FLASHSIZE_(\d+)MB=y$", sdkconfig, re.MULTILINE)
    assert ours == str(ROOT / "boards" / board / "partitions.csv")
    stock, ours = partitions(f"{port}/{stock}"), partitions(ours)
    said = board_json(board)
    assert said["flash_bytes"] == int(flash) << 20 == stock["vfs"][2] + stock["vfs"][3]
    assert said["filesystem_bytes"] == stock["vfs"][3]
    assert ours["factory"] == stock["factory"] and ours["nvs"] == stock["nvs"]


@pytest.mark.parametrize("board", BOARDS)
def test_the_port_takes_the_board_and_the_user_module(board, configured):
    (target, *found), _ = configured[board]
    assert target == TARGETS[board]
    core = ROOT / "native_modules"
    sources = [core / "binding" / "tinyinfer_module.c", *core.glob("core/*.c"), *core.glob("core/kernels/*.c")]
    sources.remove(core / "core" / "ti_guard.c")  # the binding has what it is for
    assert str(core / "core") in found
    assert {line for line in found if line.endswith(".c")} == {str(path) for path in sources}


@pytest.mark.parametrize("board", BOARDS)
def test_the_configuration_is_micropythons_with_a_romfs(board, port, tmp_path):
    """What the C compiler gets to see of mpconfigboard.h."""
    (tmp_path / "board.c").write_text('#include "mpconfigboard.h"\nconst char *board = MICROPY_HW_BOARD_NAME, '
                                      "*mcu = MICROPY_HW_MCU_NAME; int romfs = MICROPY_VFS_ROM;\n")  # fmt: skip
    folders = [f"-I{port}", f"-I{ROOT}/boards/{board}"]
    preprocess = ["gcc", "-E", "-P", *folders, tmp_path / "board.c"]
    seen = subprocess.run(preprocess, capture_output=True, text=True, check=True).stdout
    plain = subprocess.run(["gcc", "-E", "-P", f"-I{port}", f"-I{port}/boards/{board}", tmp_path / "board.c"],
                           capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert seen == plain.replace("MICROPY_VFS_ROM", "(1)") != plain


def test_make_says_what_is_missing():
    if shutil.which("idf.py"):
        pytest.skip("ESP-IDF is here")
    done = subprocess.run(["make", "-s", "firmware-ESP32_GENERIC"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode and "idf.py" in done.stderr
