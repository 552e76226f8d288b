"""Standard output with --json: the report, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from jconv import cli


def test_nothing_but_the_report_is_on_stdout(tmp_path: Path) -> None:
    """Neither what Python prints nor what native code does, early or late."""
    (tmp_path / "loud.py").write_text(
        "import ctypes, os\n"
        "from jax.lax import conv_general_dilated\n"
        "print('imported')\n"
        "def conv(*a, **k):\n"
        "    print('traced')\n"
        "    os.write(1, b'written\\n')\n"
        "    ctypes.CDLL(None).puts(b'held back')\n"
        "    return conv_general_dilated(*a, **k)\n"
    )
    root = Path(cli.__file__).parents[1]
    words = ["--target", "loud:conv", "--claim", "target.basis", "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "jconv", "verify", *words],
        env={"PYTHONPATH": str(root), "PATH": "", "JAX_PLATFORMS": "cpu"},
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert json.loads(ended.stdout)["summary"]["holds"] == 1
    for line in (b"imported", b"traced", b"written", b"held back"):
        assert line in ended.stderr
