"""What is allowed where: settings of servers and channels, limits, blocks, and the record of who changed them."""
