"""How Keras networks learn: rows on their way in, the loop, checkpoints and records."""
