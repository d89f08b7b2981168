"""The life of a scan, one step a file, in the order of the walk (docs/architecture.md)."""
