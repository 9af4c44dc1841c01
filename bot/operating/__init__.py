"""What only the operator of an instance can do: take faces down everywhere, block, pause, leave, tell everybody."""
