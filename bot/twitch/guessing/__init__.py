"""The guessing game in Twitch chats: the face is on the overlay, everything else is said."""
