"""What a server does with the bot, counted from its requests and drawn as a picture."""
