"""Where the journal is kept: one room per engine, all under the rules of `engines.rules`."""
