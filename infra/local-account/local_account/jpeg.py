"""The smallest baseline JPEG of a given size: a grey image of one shade, which is black.

Source: ITU-T T.81, annexes B (markers) and F (sequential coding).
"""

from __future__ import annotations

import struct

_BLOCK = 8
# The level shift adds 128; a first coefficient of -128 x 8 takes it away again.
_DARKEST = -1024


def black_image(width: int, height: int) -> bytes:
    blocks = -(-width // _BLOCK) * -(-height // _BLOCK)
    quantisation = b"\x00" + b"\x01" * _BLOCK * _BLOCK
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    # Two codes of one bit and two: `0` is a difference of no bits, `10` one of eleven.
    differences = b"\x00" + bytes([1, 1] + [0] * 14) + b"\x00\x0b"
    # One code: `0` ends the block.
    coefficients = b"\x10" + bytes([1] + [0] * 15) + b"\x00"
    scan = b"\x01\x01\x00\x00\x3f\x00"
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xDB, quantisation),
            _segment(0xC0, frame),
            _segment(0xC4, differences),
            _segment(0xC4, coefficients),
            _segment(0xDA, scan),
            _entropy_coded(blocks),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _entropy_coded(blocks: int) -> bytes:
    """The first block goes down to black, each other stays there: two bits."""
    first = "10" + format(_DARKEST + (1 << 11) - 1, "011b") + "0"
    bits = first + "00" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return coded.replace(b"\xff", b"\xff\x00")
