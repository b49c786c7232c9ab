"""Nchan: publish and subscribe as a module of nginx, in C."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bench.peers.base import Server

_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_CONFIG = Path(__file__).parent / "nginx" / "nchan.conf"
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


class Nchan(Server):
    """One worker; its master does nothing that counts."""

    name = "nchan"
    title = "Nchan"

    @classmethod
    def lacks(cls) -> str | None:
        """See `Server`."""
        is_here = _MODULE.exists() and shutil.which("nginx", path=_PATH)
        return None if is_here else "apt install nginx-light libnginx-mod-nchan"

    def command(self) -> list[str]:
        """See `Server`."""
        text = _CONFIG.read_text(encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        facts = {"@FOLDER@": str(self.folder), "@PORT@": str(self.port), "@MODULE@": str(_MODULE), "@USER@": user}
        for mark, fact in facts.items():
            text = text.replace(mark, fact)
        config = self.folder / "nginx.conf"
        config.write_text(text, encoding="utf-8")
        return [str(shutil.which("nginx", path=_PATH)), "-e", str(self.folder / "error.log"), "-c", str(config)]

    @property
    def pids(self) -> tuple[int, ...]:
        """The worker."""
        master = self._process.pid
        return tuple(map(int, Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()))

    def is_up(self) -> bool:
        """See `Server`; the worker is there too."""
        return super().is_up() and bool(self.pids)
