"""Preparing faces, training on them, and measuring the result. Needs the extra `train`."""
