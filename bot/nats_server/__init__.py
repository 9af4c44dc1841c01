"""The NATS server that the bot runs itself, so that machines elsewhere can draw for it (`queue.nats.serve`).

`identity.py` is what stays the same over restarts, and what `emoteface join` prints; `process.py` keeps the server
running.
"""
