"""The safetensors file format with nothing but torch: 8 bytes of header length, a JSON header, the tensors' bytes.

Source: https://github.com/huggingface/safetensors (README, "Format"). Values are little-endian.
"""
import ctypes
import json
import os
import struct

import torch

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
}


def load(path):
    """Tensors by name, and the file's metadata (a dict of strings)."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length].decode("utf-8"))
    metadata = header.pop("__metadata__", {})
    body = memoryview(data)[8 + length :]
    return {name: tensor(body, **entry) for name, entry in header.items()}, metadata


def tensor(body, dtype, shape, data_offsets):
    begin, end = data_offsets
    if begin == end:
        return torch.empty(shape, dtype=DTYPES[dtype])
    # A copy: bytes of a file need not lie where the type may begin.
    return torch.frombuffer(bytearray(body[begin:end]), dtype=DTYPES[dtype]).reshape(shape)


def save(tensors, path, metadata=None):
    """Writes float32 tensors, so that no reader ever sees half a file."""
    header, parts, at = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name, value in tensors.items():
        plain = value.detach().to("cpu", torch.float32).contiguous()
        raw = ctypes.string_at(plain.data_ptr(), 4 * plain.numel())
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(f"{path}.part", "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(parts)
    os.replace(f"{path}.part", path)
