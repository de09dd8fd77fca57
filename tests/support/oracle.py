"""The oracle of the tests is the one that `packer verify` uses: TFLite Micro in a process of its own."""

from packer.oracle import OracleError, run, run_layers, run_many

__all__ = ["OracleError", "run", "run_layers", "run_many"]
