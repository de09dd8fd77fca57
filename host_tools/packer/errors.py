"""The one exception the packer raises for anything a user can mend."""


class PackerError(Exception):
    """One sentence: what is wrong, where, and what to do. The command line prints it and exits with status 1."""
