"""The panel: what the people who look after a server or a channel see and change in a browser."""
