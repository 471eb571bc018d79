"""Identity providers for the tests: `program` is one of another maker, whole and honest; `hostile` says whatever a test wants."""
