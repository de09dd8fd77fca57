"""pytest's settings and what the tests share: where things lie, which real models are at hand, how long hypothesis tries."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "host_tools"), str(ROOT / "device_lib")]

from support import backends  # noqa: E402  (finds the packer through sys.path)

MODELS = Path(os.environ.get("TINYINFER_MODELS") or ROOT.parent / "shared" / "models").resolve()

settings.register_profile("quick", max_examples=40, derandomize=True, deadline=None, database=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("slow", parent=settings.get_profile("quick"), max_examples=400, derandomize=False, print_blob=True)


def pytest_addoption(parser):
    parser.addoption("--run-slow", action="store_true", help="the tests marked slow, and many more generated cases")


def pytest_configure(config):
    settings.load_profile("slow" if config.getoption("--run-slow") else "quick")


def pytest_report_header(config):
    if MODELS.is_dir():
        return f"real models: {MODELS}"
    return f"real models: none, the tests that need them skip: no folder {MODELS} (set TINYINFER_MODELS)"


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--run-slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: `make test-all` runs it"))


@pytest.fixture(scope="session")
def backend():
    """The C core, (model, cases) -> outputs; the others' bytes are tests/test_backends.py's affair."""
    return backends.ALL["core"]


@pytest.fixture(scope="session")
def every_backend():
    """{name: backend}; what it runs on is there, or the test fails before hypothesis looks for a smaller model."""
    for server in (backends.NATIVE, backends.USER_MODULE):
        server.start()
    return backends.ALL


@pytest.fixture(scope="session")
def models():
    """The folder of real `.tflite` models; the test skips where there is none."""
    if not MODELS.is_dir():
        pytest.skip(f"no real models: no folder {MODELS} (set TINYINFER_MODELS)")
    return MODELS


def built(path, target):
    """The path of a product of `make target`; the test fails where it is missing."""
    path = ROOT / "build" / path
    if not path.exists():
        pytest.fail(f"{path} is missing: run `make {target}`")
    return path


@pytest.fixture(scope="session")
def unix_micropython():
    """MicroPython's unix port as it comes; it loads the native `.mpy`."""
    return built("unix/micropython", "unix")


@pytest.fixture(scope="session")
def unix_usermod():
    """MicroPython's unix port with the user C module compiled in."""
    return built("unix-usermod/micropython", "unix")


@pytest.fixture(scope="session")
def natmod():
    """The folder of the native `_tinyinfer.mpy` for the unix port."""
    return built("natmod/x64/_tinyinfer.mpy", "natmod").parent
