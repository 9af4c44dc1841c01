"""A package, because a dependency installs a top-level `tests`, too, and a plain folder would lose against it."""
