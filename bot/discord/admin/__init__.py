"""What the people who manage a server use: its settings, blocks, pauses, and what is told to them."""
