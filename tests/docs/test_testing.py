"""The page about testing a plugin: its example runs."""

import ast


async def test_the_example_passes(document):
    code = document("docs/reference/testing.md").block("python")
    names = {}
    exec(compile(ast.parse(code), "docs/reference/testing.md", "exec"), names)
    [example] = [it for name, it in names.items() if name.startswith("test_")]
    await example()
