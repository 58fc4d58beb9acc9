"""The picture of README: a real run of `streamsvd demo`, drawn as its terminal showed it.

python benchmarks/picture.py [DATA]
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"
WIDTH = 112
_REDRAWN = re.compile(r"\r?(\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])+")
_BAR = re.compile(r"\W*(\w.*?) +[━╸╺]")
_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def last_frames(output: str) -> str:
    """Terminal output without what was drawn over: of each progress bar, its last state, where that stands."""
    lines: list[str] = []
    for line in output.replace("\r\n", "\n").split("\n"):
        frames = [frame for frame in _REDRAWN.split(line) if frame and not _REDRAWN.fullmatch(frame)]
        kept = frames[-1] if frames else line
        if name := _bar(kept):
            lines = [other for other in lines if _bar(other) != name]
        lines.append(kept)
    return "\n".join(lines).strip("\n")


def _bar(line: str) -> str | None:
    """What a line's progress bar is of; None where it has none."""
    found = _BAR.match(Text.from_ansi(line).plain)
    return found.group(1) if found else None


def main() -> None:
    """Run the command and write the picture."""
    environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    ran = subprocess.run(
        [sys.executable, "-m", "streamsvd", "demo", *sys.argv[1:]],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("$ make demo\n" + last_frames(ran.stdout)))
    picture = console.export_svg(title="streamsvd")
    PICTURE.write_text(_WEB_FONT.sub("", picture))
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
