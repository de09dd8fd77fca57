"""The conformance suite, `make conformance`: a table of every op on every backend against the oracle, byte for byte.

CASES_PER_OP generated cases an op, no two alike, each with several inputs; status 1 where an op has no generator, or a byte
differs.
A case that differs is kept in build/failures; `pytest tests/test_backends.py --run-slow -k OP` shrinks one.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, seed, settings

from support import backends, cases
from support.compare import count_differences, keep

CASES_PER_OP = 200
ROUNDS = 10  # of generation: some strategies reject much of what they draw, or draw the same again
TITLES = {"core": "C core", "mpy": ".mpy", "usermod": "user module", "pure": "pure Python"}


@dataclass
class Result:
    """What came of an op's cases: bytes compared on each backend, and how many differ, {backend: bytes}."""

    op: str
    cases: int = 0
    bytes: int = 0
    differing: dict = field(default_factory=lambda: dict.fromkeys(TITLES, 0))
    error: str = ""

    @property
    def passed(self):
        return self.cases == CASES_PER_OP and not self.error and not any(self.differing.values())


def run_op(op):
    """Result of CASES_PER_OP cases of an op."""
    result, strategy, seen = Result(op), cases.by_op().get(op), set()
    if strategy is None:
        result.error = "no tests/test_ops_*.py generates it"
        return result

    def count(case):
        digest = hash((case.model, *(array.tobytes() for inputs in case.inputs for array in inputs)))
        if digest in seen or result.cases == CASES_PER_OP:
            return
        seen.add(digest)
        result.cases += 1
        for name, backend in backends.ALL.items():
            try:
                compared, differing = count_differences(case.expected, backend(case.model, case.inputs))
            except Exception as error:
                compared = differing = sum(array.nbytes for outputs in case.expected for array in outputs)
                result.error = result.error or f"{name}: {error}"
            result.differing[name] += differing
            if differing:
                keep(case)
        result.bytes += compared

    for number in range(ROUNDS):
        if result.cases < CASES_PER_OP:
            quiet = settings(max_examples=CASES_PER_OP, database=None, deadline=None,
                             suppress_health_check=list(HealthCheck))
            quiet(seed(f"{op} {number}")(given(strategy)(count)))()
    if result.cases < CASES_PER_OP:
        result.error = result.error or f"only {result.cases} cases could be generated"
    return result


def guarded(op):
    try:
        return run_op(op)
    except Exception as error:  # the oracle refuses a case, say: one op's fault must not hide the others
        return Result(op, error=f"{type(error).__name__}: {error}")


def main():
    ops = sorted(cases.by_op().keys() | set(cases.without_cases()))
    print(f"bytes that differ from the oracle's, {CASES_PER_OP} cases an op\n")
    print(f"{'op':30}{'cases':>7}{'bytes':>12}" + "".join(f"{title:>12}" for title in TITLES.values()), flush=True)
    results = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(guarded, ops):
            results.append(result)
            differing = "".join(f"{result.differing[name]:12,}" for name in TITLES)
            print(f"{result.op:30}{result.cases:7,}{result.bytes:12,}{differing}", flush=True)
            if result.error:
                print(f"    {result.error}", flush=True)
    failed = [result.op for result in results if not result.passed]
    print(f"\n{len(results)} ops, {sum(r.cases for r in results):,} cases on {len(TITLES)} backends, "
          f"{sum(r.bytes for r in results):,} bytes on each: {f'FAILED: {chr(10)}' + ', '.join(failed) if failed else 'none differs'}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
