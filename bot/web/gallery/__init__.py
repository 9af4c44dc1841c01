"""The gallery: a page for each face where admins opened it, and one for a channel with the newest and the best."""
