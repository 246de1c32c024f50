"""Files that are written from the registry: stubs for editors, docs/ops.md, hashes of ops."""
