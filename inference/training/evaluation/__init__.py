"""How good the faces are, as one table: `python -m inference evaluate`. No torch."""
