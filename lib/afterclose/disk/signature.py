"""What a key vouches for: HMAC-SHA256 over bytes, and the scope that they were written in.

Without the scope's name a folder of signed models could be copied into another scope that has
the same key, and would be traded there although nobody chose it for that scope.
"""

import hashlib
import hmac
from pathlib import Path


def scope_of(model_dir: Path) -> str:
    """``us/paper`` for `logs/us/paper/ml_models`."""
    return "/".join(model_dir.absolute().parent.parts[-2:])


def signature_of(data: bytes, key: str) -> str:
    """The signature as 64 hexadecimal digits. ``key`` must not be empty."""
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest()


def is_signature(text: str, data: bytes, key: str) -> bool:
    """Whether ``text`` is the signature of ``data``, compared in constant time."""
    return hmac.compare_digest(text.encode(), signature_of(data, key).encode())
