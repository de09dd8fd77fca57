"""A model in raw flash, read where it lies: two slots at the end of an RP2's rp2.Flash(); the newer good one counts.

    [ file system | slot | slot ]      a slot: a page with its label, the blob, and sectors that are left

A label, little-endian: "TISL", u32 number, u32 bytes of a slot, u32 bytes of the blob, CRC-32 of these 16 bytes. Of the
two slots the one with the higher number is the newer. Whatever is not a right label at the right place is none, so the
label of the other slot counts from the moment that a sector is erased until a new label is whole.
"""

from binascii import crc32
from struct import pack, unpack_from

from ._model import _core, load

_SECTOR = 4096  # erased at a time
_PAGE = 256  # programmed at a time; the label's
_LABEL = "<4sIII"
_MAGIC = b"TISL"


def label(number, slot_bytes, blob_bytes):
    """The bytes of a label."""
    fields = pack(_LABEL, _MAGIC, number, slot_bytes, blob_bytes)
    return fields + pack("<I", crc32(fields))


def labels(flash):
    """(number, start, bytes of a slot, bytes of the blob) of each labelled slot in a buffer of the flash, newest first."""
    found = []
    for start in range(len(flash) - _SECTOR, 0, -_SECTOR):
        if flash[start : start + 4] == _MAGIC:
            _, number, slot_bytes, blob_bytes = unpack_from(_LABEL, flash, start)
            right = len(flash) - start in (slot_bytes, 2 * slot_bytes) and blob_bytes <= slot_bytes - _PAGE
            if right and flash[start : start + 20] == label(number, slot_bytes, blob_bytes):
                found.append((number, start, slot_bytes, blob_bytes))
    found.sort(reverse=True)
    return [slot for slot in found if slot[2] == found[0][2]][:2]


def _flash():
    """The flash's block device, and its bytes where they are mapped. OSError where there are no slots."""
    try:
        import rp2

        device = rp2.Flash()
        flash = memoryview(device)
    except (ImportError, TypeError):
        raise OSError("slots are for RP2 boards with MicroPython 1.25 or later: load() the model from a file") from None
    slots = labels(flash)
    if not slots:
        raise OSError("this board's flash has no slots for models: `packer deploy --slot` makes them")
    return device, flash, slots


def load_slot(pool=None):
    _, flash, slots = _flash()
    error = ValueError("there is no model in this board's slots: `packer deploy --slot` puts one there")
    for _, start, _, blob_bytes in slots:
        if blob_bytes:
            try:
                return load(flash[start + _PAGE : start + _PAGE + blob_bytes], pool)
            except ValueError as e:
                error = e
    raise error


def _is_good(flash, slot):
    _, start, _, blob_bytes = slot
    try:
        _core.check(flash[start + _PAGE : start + _PAGE + blob_bytes])
        return True
    except ValueError:
        return False


class Writer:
    """Puts a model into the slot that load_slot() does not use: write() its bytes, then commit().

    Until then, and whenever power fails, the other slot's model is the one that counts. ValueError where the blob does
    not fit, or what was written is not what was meant.
    """

    def __init__(self, blob_bytes):
        self._device, self._flash_bytes, slots = _flash()
        kept = [slot for slot in slots if _is_good(self._flash_bytes, slot)] or slots
        _, start, slot_bytes, _ = kept[0]
        if blob_bytes > slot_bytes - _PAGE:
            raise ValueError("the model has %d bytes, and a slot takes %d" % (blob_bytes, slot_bytes - _PAGE))
        end = len(self._flash_bytes)
        self._start = end - slot_bytes if start == end - 2 * slot_bytes else end - 2 * slot_bytes
        self._label = label(slots[0][0] + 1, slot_bytes, blob_bytes)
        self._end = self._start + _PAGE + blob_bytes
        self._at = self._start + _PAGE
        self._sector = bytearray(b"\xff" * _SECTOR)

    def write(self, data):
        """The next bytes of the blob."""
        data = memoryview(data)
        if len(data) > self._end - self._at:
            raise ValueError("the model is longer than was said")
        while data:
            at = self._at % _SECTOR
            n = min(len(data), _SECTOR - at)
            self._sector[at : at + n] = data[:n]
            self._at += n
            data = data[n:]
            if at + n == _SECTOR or self._at == self._end:
                self._device.writeblocks((self._at - 1) // _SECTOR, self._sector)
                self._sector[:] = b"\xff" * _SECTOR

    def commit(self, crc):
        """Let this model be the one that counts, if the CRC-32 of what is in flash is `crc`."""
        blob = self._flash_bytes[self._start + _PAGE : self._end]
        if self._at != self._end or crc32(blob) != crc:
            raise ValueError("the model did not arrive whole in its slot: send it again")
        page = bytearray(b"\xff" * _PAGE)
        page[: len(self._label)] = self._label
        self._device.writeblocks(self._start // _SECTOR, page, 0)
