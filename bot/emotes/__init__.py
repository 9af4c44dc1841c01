"""From a word in a message to a picture that is safe to work with: catalogues, downloads, uploads."""
