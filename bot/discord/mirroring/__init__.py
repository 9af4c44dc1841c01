"""What Discord does about mirrors: linking its channels, and posting what is shown on Twitch."""
