"""What happens with a finished face beyond its answer: the stream, the gallery, the mirror."""
