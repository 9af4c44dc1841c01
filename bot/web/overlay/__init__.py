"""The stream overlay: a page for OBS on which new faces appear."""
