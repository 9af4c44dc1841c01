"""Discord: asking by slash command, mention and prefix, and answering. The only folder importing discord."""
