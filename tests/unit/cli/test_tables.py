from safelight.cli.tables import laid_out

ROWS = [
    ("PROVIDER", "PLUGIN", "PARAMS"),
    ("simulator", "safelight-simulator 0.1.0", "width, height, steps, seed, count, negativePrompt, guidance, strength"),
    ("sketch *", "safelight-sketch 0.1.0", "width, height"),
]


def test_table_is_as_wide_as_what_is_in_it_where_nobody_says_how_wide():
    head, first, second = laid_out(ROWS)
    assert head.index("PLUGIN") == first.index("safelight-") == second.index("safelight-") == 11
    assert first.endswith("strength")


def test_long_cells_are_wrapped_to_the_terminal_and_nothing_is_lost():
    lines = laid_out(ROWS, 60)
    assert max(map(len, lines)) <= 60
    assert sorted(" ".join(lines).split()) == sorted(" ".join(cell for row in ROWS for cell in row).split())
    column = lines[0].index("PARAMS")
    assert {line[column - 1] for line in lines if len(line) > column} == {" "}


def test_word_is_not_broken_however_narrow_the_terminal_is():
    lines = laid_out(ROWS, 20)
    assert any("negativePrompt," in line for line in lines)
    assert any("safelight-simulator" in line for line in lines)


def test_table_that_fits_is_left_as_it_is():
    assert laid_out(ROWS, 200) == laid_out(ROWS)
