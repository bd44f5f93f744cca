"""From media files to waveforms: float32, mono, 16 kHz, nominally within [-1, 1].

`decode` reads any file as a stream of blocks, `segments` cuts the stream, `encode` writes it.
"""
