"""The code of the how-to about Next.js is what compilers take; the slow lane `nextjs` builds and looks at it."""

import json
import re
import shutil
import subprocess

import pytest

from .conftest import ROOT, e2e

PAGE = "docs/how-to/embed-in-nextjs.md"
FILES = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NODE = "declare const process: { env: Record<string, string | undefined> };\n"
STRICT = {
    "strict": True,
    "noEmit": True,
    "jsx": "react-jsx",
    "target": "es2022",
    "lib": ["es2023", "dom", "dom.iterable"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "types": ["react"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that has the page's files, the packed client and what they are compiled with."""
    npm = shutil.which("npm")
    assert npm, "This test runs npm; install it: apt-get install npm"
    folder = tmp_path_factory.mktemp("project")
    for name, text in FILES.findall((ROOT / PAGE).read_text(encoding="utf-8")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "node.d.ts").write_text(NODE)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICT, "include": ["**/*.ts", "**/*.tsx"]}))
    (folder / "package.json").write_text('{"private": true}')
    client = ROOT / "clients" / "js"
    [packed] = json.loads(run(npm, "pack", "--json", "--ignore-scripts", str(client), cwd=folder))
    with_it = json.loads((client / "package.json").read_text())["devDependencies"]
    needed = [f"{name}@{with_it[name]}" for name in ("typescript", "react", "@types/react")]
    run(npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"./{packed['filename']}", *needed, cwd=folder)
    return folder


def run(*command, cwd):
    """Run a program to its good end; return what it said."""
    environment = e2e.clean_environment()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_every_file_of_the_page_is_written(document):
    blocks = [code for language, code in document(PAGE).blocks if language in {"ts", "tsx", "js"}]
    assert [text for _, text in FILES.findall(document(PAGE).text)] == blocks


def test_the_components_are_sound_under_strict_types(project):
    run("node", str(project / "node_modules" / "typescript" / "bin" / "tsc"), "--project", ".", cwd=project)


def test_the_rewrites_lead_to_the_calls_of_the_service(project):
    script = "console.log(JSON.stringify(await (await import('./next.config.mjs')).default.rewrites()))"
    rewrites = json.loads(run("node", "--input-type=module", "--eval", script, cwd=project))
    assert {rule["source"]: rule["destination"].removeprefix("http://127.0.0.1:8080") for rule in rewrites} == {
        "/api/generation": "/api/generation",
        "/v1/:path*": "/v1/:path*",
    }
