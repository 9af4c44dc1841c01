"""The generator networks: `classic` as trained, and its folded serving form."""
