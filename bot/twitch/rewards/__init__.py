"""Channel points: the reward of ours, and what becomes of those who redeem it."""
