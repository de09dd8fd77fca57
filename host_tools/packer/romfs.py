"""Writes ROMFS images, MicroPython's read-only file system, with each file's data aligned.

A ROMFS is made of records: kind and length, each a varuint (big-endian groups of 7 bits, the high bit set where another
follows), then the payload. MicroPython's extmod/vfs_rom.c defines it. On a memory-mapped ROMFS,
memoryview(open(path, "rb")) is the file's data where it lies; tinyinfer runs a blob there if its address is a multiple
of 4. Nothing in the format aligns anything, so padding records are put before the data.
"""

_PADDING, _DATA, _DIRECTORY, _FILE = 1, 2, 4, 5
_MAGIC = b"\xd2\xcd\x31"  # the record kind of a whole image

# Lengths are written in 4 bytes whatever they are, so that the place of the data does not depend on what follows it.
_LENGTH_BYTES = 4
_MAX_LENGTH = 1 << 7 * _LENGTH_BYTES


def romfs_image(files, align=4):
    """A ROMFS image holding `files`, a dict of contents (bytes) by path ("dir/name").

    Each file's data lies at a multiple of `align` from the image's start. ValueError for an empty path component, a name
    that is a file and a directory, or more than 256 MB.
    """
    payload = _records(_tree(files), len(_MAGIC) + _LENGTH_BYTES, align)
    if len(_MAGIC + payload) + _LENGTH_BYTES & 1:  # an image must have an even size
        payload += _record(_PADDING, b"\0", length_bytes=1)
    return _MAGIC + _varuint(len(payload), _LENGTH_BYTES) + payload


def _tree(files):
    """Nested dicts for directories, bytes for files."""
    root = {}
    for path, data in files.items():
        *directories, name = path.split("/")
        if not all([*directories, name]):
            raise ValueError(f'"{path}" is not a path in an image: write it as "directory/name"')
        directory = root
        for part in directories:
            directory = directory.setdefault(part, {})
            if not isinstance(directory, dict):
                raise ValueError(f'"{path}": "{part}" is a file already')
        if name in directory:
            raise ValueError(f'"{path}" is a directory already')
        directory[name] = bytes(data)
    return root


def _records(tree, position, align):
    """The records of a directory's entries; the first byte has the offset `position` in the image."""
    out = b""
    for name, entry in tree.items():
        kind = _DIRECTORY if isinstance(entry, dict) else _FILE
        encoded = name.encode()
        head = _varuint(len(encoded)) + encoded
        at = position + len(out) + 1 + _LENGTH_BYTES + len(head)
        body = _records(entry, at, align) if kind == _DIRECTORY else _aligned_data(entry, at, align)
        out += _record(kind, head + body)
    return out


def _aligned_data(data, position, align):
    """A data record whose payload lies at a multiple of `align`, a padding record before it where needed."""
    gap = -(position + 1 + _LENGTH_BYTES) % align
    while gap and gap < 2:  # a padding record has 2 bytes at least
        gap += align
    padding = b""
    if gap:
        length_bytes = 1 if gap < 128 else _LENGTH_BYTES
        padding = _record(_PADDING, bytes(gap - 1 - length_bytes), length_bytes)
    return padding + _record(_DATA, data)


def _record(kind, payload, length_bytes=_LENGTH_BYTES):
    return bytes([kind]) + _varuint(len(payload), length_bytes) + payload


def _varuint(value, width=1):
    """`value` in at least `width` bytes; leading zero groups are allowed."""
    if value >= _MAX_LENGTH:
        raise ValueError(f"{value} bytes are too many for a ROMFS image, which holds {_MAX_LENGTH - 1} at most")
    groups = [value & 0x7F]
    while value > 0x7F or len(groups) < width:
        value >>= 7
        groups.append(0x80 | value & 0x7F)
    return bytes(reversed(groups))
