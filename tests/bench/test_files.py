"""The limit of open files, in a process whose own it may change."""

import subprocess
import sys

from bench.places import ROOT

CODE = """
import os, resource
from bench.measuring.files import WANTED, raise_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 400))
if os.geteuid() == 0:
    os.setuid(65534)
print(WANTED, raise_open_files(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_who_may_not_have_more_gets_all_there_is():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "50000 400 (400, 400)\n"
