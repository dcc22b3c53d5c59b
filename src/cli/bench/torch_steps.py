"""The training steps of the bench in PyTorch on the CPU: reads a setup, then makes a step for each line of input.

The file is a safetensors file with the tensors of `student.`, `teacher.` (both under timm's names), `images` and `labels`, and with heads and
the number of patches kept in its metadata. Each answer is the loss of that step, before its update.
"""
import json
import struct
import sys

import torch
import torch.nn.functional as F


def read(path):
    with open(path, "rb") as file:
        raw = file.read()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__")
    data = bytearray(raw[8 + length :])
    tensors = {}
    for name, entry in header.items():
        lo, hi = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data, dtype=torch.float32, count=(hi - lo) // 4, offset=lo).reshape(entry["shape"]).clone()
    return tensors, metadata


def part(tensors, owner):
    return {name[len(owner) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(owner + ".")}


def vit(w, heads, images, keep=None):
    """Logits, and the attention that the class token pays each patch in the last block."""
    kernel = w["patch_embed.proj.weight"]
    width = kernel.shape[0]
    x = F.conv2d(images, kernel, w["patch_embed.proj.bias"], stride=kernel.shape[-1]).flatten(2).transpose(1, 2)
    x = x + w["pos_embed"][:, 1:]
    if keep is not None:
        x = x.gather(1, keep.unsqueeze(-1).expand(-1, -1, width))
    x = torch.cat([(w["cls_token"] + w["pos_embed"][:, :1]).expand(len(x), -1, -1), x], 1)
    attention = None
    block = 0
    while f"blocks.{block}.norm1.weight" in w:
        p = {name.split(".", 2)[2]: tensor for name, tensor in w.items() if name.startswith(f"blocks.{block}.")}
        h = F.layer_norm(x, (width,), p["norm1.weight"], p["norm1.bias"], 1e-6)
        qkv = F.linear(h, p["attn.qkv.weight"], p["attn.qkv.bias"])
        q, k, v = qkv.reshape(*x.shape[:2], 3, heads, -1).permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)
        x = x + F.linear((attention @ v).transpose(1, 2).flatten(2), p["attn.proj.weight"], p["attn.proj.bias"])
        h = F.layer_norm(x, (width,), p["norm2.weight"], p["norm2.bias"], 1e-6)
        h = F.gelu(F.linear(h, p["mlp.fc1.weight"], p["mlp.fc1.bias"]))
        x = x + F.linear(h, p["mlp.fc2.weight"], p["mlp.fc2.bias"])
        block += 1
    cls = F.layer_norm(x[:, 0], (width,), w["norm.weight"], w["norm.bias"], 1e-6)
    return F.linear(cls, w["head.weight"], w["head.bias"]), attention[:, :, 0, 1:].mean(1)


def main(path):
    tensors, metadata = read(path)
    student, teacher = part(tensors, "student"), part(tensors, "teacher")
    images, labels = tensors["images"], tensors["labels"].long()
    heads, kept = json.loads(metadata["heads"]), int(metadata["kept"])
    for tensor in student.values():
        tensor.requires_grad_(True)
    optimizer = torch.optim.Adam(student.values(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    for _ in sys.stdin:
        logits, score = vit(student, heads[0], images)
        loss = F.cross_entropy(logits, labels)
        if kept:
            with torch.no_grad():
                answer, _ = vit(teacher, heads[1], images, score.topk(kept, 1).indices)
            loss = loss + F.kl_div(logits.log_softmax(-1), answer.softmax(-1), reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(loss.item(), flush=True)


main(sys.argv[1])
