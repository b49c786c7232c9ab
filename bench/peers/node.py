"""better-sse on Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.peers.base import NotUp, Server

_FOLDER = Path(__file__).parent / "better-sse"


class BetterSse(Server):
    """A channel and its sessions; the package is installed beside `server.mjs` when it is first needed."""

    name = "better-sse"
    title = "better-sse, Node"

    @classmethod
    def lacks(cls) -> str | None:
        """See `Server`."""
        return None if shutil.which("node") and shutil.which("npm") else "apt install nodejs npm"

    def command(self) -> list[str]:
        """See `Server`."""
        if not (_FOLDER / "node_modules" / "better-sse").exists():
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
            done = subprocess.run(command, check=False, cwd=_FOLDER, capture_output=True, text=True)
            if done.returncode:
                raise NotUp(f"better-sse cannot be installed: {done.stderr.strip()}")
        return ["node", str(_FOLDER / "server.mjs"), str(self.port)]
