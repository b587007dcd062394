"""Papers handed in, read by machine: what kind, which fields, where they differ. A help for people, never a decision."""
