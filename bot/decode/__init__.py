"""Hostile bytes to small RGBA pixels, in child processes with little memory and less time.

`decoder` is the parent's pool, `process` its hold on one child, `__main__` the child. The child imports nothing else of
the bot, so that it starts fast and leaves its memory to the picture.
"""
