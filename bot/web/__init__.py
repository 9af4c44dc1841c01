"""The web front end: API, playground page, health and metrics, as one aiohttp application."""
