"""The client as npm packs it: installed elsewhere, its types, and its hook in a real React."""

import json
import shutil

import pytest

NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
CONSUMER = """
import { useGeneration } from "safelight/react";
import { SafelightProgress } from "safelight/element";
import { SafelightError, generate, watch, newer, EventStreamParser, type Snapshot, type WatchOptions } from "safelight";

const options: WatchOptions = { transport: "fetch", headers: { Authorization: "Bearer x" } };
const created = await generate({ prompt: "x", params: { width: 1 } }, { idempotencyKey: "k" });
const last: Snapshot = await watch(created.streamUrl, options).ended;
const progress: number | undefined = last.progress;
for await (const { status } of watch(created.sessionId)) console.log(status satisfies string, progress);
newer(last, null) satisfies boolean;
new EventStreamParser({ onEvent: ({ data }) => data satisfies string });
const element: SafelightProgress = new SafelightProgress();
element.status?.output?.[0] satisfies string | undefined;
export const hook = (id: string | null) => useGeneration(id).error?.code satisfies string | undefined;
export const isOurs = (error: unknown) => error instanceof SafelightError && error.retryable;
// @ts-expect-error there is no such transport
watch("x", { transport: "pigeon" });
// @ts-expect-error a prompt is needed
void generate({});
"""
REACT_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>React</title>
<link rel="icon" href="data:,">
<script type="importmap">{"imports": {"react": "./react-as-module.js"}}</script>
<body><div id="root"></div>
<script>
// React comes as CommonJS only
const modules = {};
const require = (name) => modules[name];
const define = (name, code) => {
  const module = { exports: {} };
  new Function("module", "exports", "require", "process", code)(module, module.exports, require, { env: {} });
  modules[name] = module.exports;
};
</script>
<script type="module">
for (const [name, file] of [
  ["react", "react"], ["scheduler", "scheduler"], ["react-dom", "react-dom"], ["react-dom/client", "react-dom-client"],
]) define(name, await (await fetch(`./cjs/${file}.development.js`)).text());
const { useGeneration } = await import("./react.js");
const { timing } = await import("./safelight/timing.js");
const { createElement: h, StrictMode } = modules.react;
const { createRoot } = modules["react-dom/client"];

window.renders = [];
const Picture = ({ id }) => {
  const { status, connection, error, cancel } = useGeneration(id);
  window.renders.push({ id, seen: status?.sessionId ?? null });
  window.cancelIt = cancel;
  return h("p", null, error ? error.code : `${status?.outcome ?? status?.status ?? "nothing"} ${connection?.state ?? ""}`);
};
let root;
window.mount = (id) => (root ??= createRoot(document.getElementById("root"))).render(h(StrictMode, null, h(Picture, { id })));
window.unmount = () => root.unmount();
Object.assign(window, { timing, isReady: true });
</script>
"""
REACT_MODULE = "export const { useCallback, useEffect, useState } = modules.react;"


@pytest.fixture(scope="module")
def npm(run):
    """Run npm; these tests need its registry, and say so by failing."""
    program = shutil.which("npm")
    assert program, "These tests run npm; install it: apt-get install npm"
    return lambda *arguments, cwd: run(program, *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def manifest(client):
    return json.loads((client / "package.json").read_text())


@pytest.fixture(scope="module")
def installed(npm, client, manifest, tmp_path_factory):
    """A project elsewhere that has the packed client, and what the client is developed with."""
    folder = tmp_path_factory.mktemp("project")
    [packed] = json.loads(npm("pack", "--json", "--ignore-scripts", "--pack-destination", str(folder), cwd=client))
    developed_with = [f"{name}@{version}" for name, version in manifest["devDependencies"].items()]
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    npm("install", *NPM, f"./{packed['filename']}", *developed_with, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def tsc(run, installed):
    program = installed / "node_modules" / "typescript" / "bin" / "tsc"
    return lambda *arguments, cwd: run("node", str(program), *arguments, cwd=cwd)


def test_package_holds_the_client_and_nothing_else(installed, client):
    folder = installed / "node_modules" / "safelight"
    packed = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    code = {str(file.relative_to(client)) for pattern in ("*.js", "safelight/*.js") for file in client.glob(pattern)}
    types = {f"types/{name[:-3]}.d.ts" for name in code}
    assert packed == {"package.json", "README.md", "LICENSE", *code, *types}


def test_installed_package_is_found_by_its_names_in_node(installed, run):
    script = "const all = await Promise.all(['safelight', 'safelight/react', 'safelight/element'].map((name) => import(name)));"
    script += "console.log(JSON.stringify(all.map((module) => Object.keys(module).sort())));"
    names = json.loads(run("node", "--input-type=module", "--eval", script, cwd=installed))
    assert names == [
        [
            "EventStreamParser",
            "SafelightError",
            "Watch",
            "cancel",
            "forget",
            "generate",
            "hasEnded",
            "list",
            "newer",
            "pause",
            "resume",
            "watch",
        ],
        ["useGeneration"],
        ["SafelightProgress"],
    ]


def test_types_are_what_the_code_says(installed, client, tsc, tmp_path):
    work = installed / "work"  # where the types of React are found
    shutil.copytree(client, work, ignore=shutil.ignore_patterns("types", "test"))
    tsc(cwd=work)
    made = {str(file.relative_to(work)): file.read_text() for file in work.glob("types/**/*.d.ts")}
    kept = {str(file.relative_to(client)): file.read_text() for file in client.glob("types/**/*.d.ts")}
    assert kept == made, "run `npm run types` in clients/js"


@pytest.mark.parametrize(("module", "resolution"), [("nodenext", "nodenext"), ("esnext", "bundler")])
def test_types_help_a_strict_stranger(installed, tsc, module, resolution):
    (installed / "consumer.ts").write_text(CONSUMER)
    lib = ("--lib", "es2023,dom,dom.iterable,dom.asynciterable")
    tsc(
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        *lib,
        "--module",
        module,
        "--moduleResolution",
        resolution,
        "consumer.ts",
        cwd=installed,
    )


@pytest.fixture
def react_tab(installed, client, tmp_path, open_tab):
    """Open a tab with React as npm has it."""
    files = tmp_path / "files"
    shutil.copytree(client, files, ignore=shutil.ignore_patterns("test", "types"))
    (files / "cjs").mkdir()
    for package in ("react", "react-dom", "scheduler"):
        for file in (installed / "node_modules" / package / "cjs").glob("*.development.js"):
            shutil.copy(file, files / "cjs" / file.name)
    (files / "react-as-module.js").write_text(REACT_MODULE)
    return lambda service: open_tab(service.url, page=REACT_PAGE, files=files)


def shown(tab, text):
    tab.wait_for_function("text => document.querySelector('p')?.textContent === text", arg=text)


def opened(service):
    lines = [json.loads(line) for line in tuple(service._lines) if line.startswith("{")]
    return [line["watched"] for line in lines if line["event"] == "stream_opened"]


def create(service, seconds):
    return service.create(providerId="simulator", options={"seconds": seconds})["sessionId"]


def endless(service):
    """Start one that is processed at once, and until somebody stops it."""
    script = [{"do": "started"}, {"do": "progress", "fraction": 0.1}, {"do": "stall"}]
    return service.create(providerId="simulator", options={"script": script})["sessionId"]


def test_hook_under_strict_mode_opens_one_stream_and_shows_the_end(service, react_tab):
    tab = react_tab(service)
    tab.evaluate("mount(null)")
    shown(tab, "nothing ")
    tab.evaluate("id => mount(id)", create(service, 2))
    shown(tab, "processing open")
    shown(tab, "succeeded open")
    service.logged("stream_closed")  # what a page shows may be ahead of the log
    assert opened(service) == [1]


def test_hook_shows_nothing_of_the_one_before(service, react_tab):
    tab = react_tab(service)
    first, second = endless(service), endless(service)
    tab.evaluate("id => mount(id)", first)
    shown(tab, "processing open")
    tab.evaluate("id => mount(id)", second)
    shown(tab, "processing open")
    tab.wait_for_function("id => renders.at(-1).seen === id", arg=second)
    assert all(render["seen"] in {None, render["id"]} for render in tab.evaluate("renders"))


def test_hook_cancels_and_says_what_came_of_it(service, react_tab):
    tab = react_tab(service)
    tab.evaluate("id => mount(id)", endless(service))
    shown(tab, "processing open")
    tab.evaluate("cancelIt()")
    shown(tab, "canceled open")


def test_hook_says_that_there_is_nothing_to_watch(service, react_tab):
    tab = react_tab(service)
    tab.evaluate("mount('0'.repeat(32))")
    shown(tab, "not_found")


def test_component_that_goes_leaves_no_stream_and_no_lock_behind(service, react_tab):
    tab = react_tab(service)
    tab.evaluate("id => mount(id)", endless(service))
    shown(tab, "processing open")
    tab.evaluate("unmount()")
    service.logged("stream_closed")
    assert tab.evaluate("navigator.locks.query().then(({ held, pending }) => held.length + pending.length)") == 0
