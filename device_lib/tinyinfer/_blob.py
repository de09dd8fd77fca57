"""What the package reads from a checked blob by itself."""


def string_at(blob, offset):
    """The NUL-terminated string at `offset`; bytes that are not UTF-8 are shown as escapes."""
    end = offset
    while blob[end]:
        end += 1
    raw = bytes(blob[offset:end])
    try:
        return str(raw, "utf-8")
    except UnicodeError:
        return repr(raw)[2:-1]
