"""packer: compile TFLite models into `.tin` blobs for tinyinfer."""

__version__ = "0.1.0"

from .build import BuildResult, build  # noqa: E402
from .errors import PackerError  # noqa: E402

__all__ = ["BuildResult", "PackerError", "build"]
