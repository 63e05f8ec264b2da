"""The sample incident of shared/report in every form."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARIES = Path(os.environ.get("CORDON_BINARIES", ROOT / "target" / "debug"))
EXAMPLE = BINARIES / "examples" / "sample_report"
# As the sample's instance is named, but for the mark that turns the writing round.
HOSTILE_NAME = "</title><script>alert('web-7')</script>\"><img src=https://evil.example/x onerror=alert(1)>"


def write(folder: Path) -> Path:
    """Writes report.html, .json, .ocsf.json and .txt into `folder`. `cargo test` compiles the example."""
    assert EXAMPLE.exists(), f"no {EXAMPLE}: run `cargo build -p report --examples` first"
    subprocess.run([str(EXAMPLE), str(folder)], check=True, timeout=60)
    return folder
