"""MP3: the first frame may hold the Xing, Info or VBRI header of its encoder."""

from emodist.audio.source import Source

_SEARCHED = 4096


def n_samples(source: Source) -> int | None:
    """Samples that the header counts, without the encoder's delay and padding; else None."""
    with source.opened() as view:
        start = 0
        for _ in range(8):  # tags may follow each other
            view.seek(start)
            head = view.read(10)
            if head[:3] != b"ID3" or len(head) < 10:
                break
            size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
            start += 10 + size + (10 if head[5] & 0x10 else 0)
        view.seek(start)
        first = view.read(_SEARCHED)
    frame = next(
        (k for k in range(len(first) - 4) if first[k] == 0xFF and first[k + 1] & 0xE6 == 0xE2), None
    )
    if frame is None:
        return None
    # MPEG-2 and 2.5 have half the samples in a frame: ISO/IEC 13818-3.
    frame_size = 1152 if first[frame + 1] & 0x18 == 0x18 else 576
    at = first.find(b"VBRI", frame, frame + 64)
    if at >= 0:
        return int.from_bytes(first[at + 14 : at + 18], "big") * frame_size or None
    for tag in (b"Xing", b"Info"):
        at = first.find(tag, frame, frame + 64)
        if at < 0 or not first[at + 7] & 1:
            continue
        n_frames = int.from_bytes(first[at + 8 : at + 12], "big")
        padding = 0
        flags = first[at + 7]
        # LAME's part comes after what the flags announce: 9 letters, 12 bytes, then two numbers.
        lame = at + 12 + 4 * bool(flags & 2) + 100 * bool(flags & 4) + 4 * bool(flags & 8)
        if first[lame : lame + 4] in (b"LAME", b"Lavf", b"Lavc", b"GOGO"):
            both = int.from_bytes(first[lame + 21 : lame + 24], "big")
            padding = (both >> 12) + (both & 0xFFF)
        return max(0, n_frames * frame_size - padding) or None
    return None
