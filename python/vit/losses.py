"""What a student's answers are compared by: labels, soft labels, and the base losses "manifold", "attention" and "hard"."""
import torch
import torch.nn.functional as F

from masking import half_up

# Weights of manifold distillation's three terms, and how many random tokens, in its published run.
PATCH, SAMPLE, RANDOM, RANDOM_TOKENS = 4, 0.1, 0.2, 192
ENDS = 4
MANIFOLD_STREAM = 0x210


def cross_entropy(logits, truth, smoothing):
    """Mean over the batch; truth is classes [B], or weights of all classes [B, K] where images are mixed."""
    if truth.dtype.is_floating_point:
        return -(truth * F.log_softmax(logits, dim=1)).sum(dim=1).mean()
    return F.cross_entropy(logits, truth, label_smoothing=smoothing)


def soft_labels(student, teacher, temperature):
    """tau^2 / B sum_b KL(softmax(teacher / tau) || softmax(student / tau)). Hinton et al. 2015; divided by B, as MaskedKD does."""
    ours, theirs = F.log_softmax(student / temperature, dim=-1), F.log_softmax(teacher / temperature, dim=-1)
    return temperature**2 * F.kl_div(ours, theirs, reduction="batchmean", log_target=True)


def hard(student, teacher):
    """Cross entropy with the class that the teacher finds likeliest: DeiT (Touvron et al. 2021), eq. 3."""
    return F.cross_entropy(student, teacher.argmax(dim=-1))


def shared_tokens(x, shared):
    """Of tokens [B, n, D] the class token and the patches `shared` [B, k], where the other network saw only those."""
    if shared is None:
        return x
    index = torch.cat([torch.zeros_like(shared[:, :1]), shared + 1], dim=1)
    return x.gather(1, index[:, :, None].expand(-1, -1, x.shape[-1]))


def ends(student, teacher):
    """Pairs of blocks: as many of the first and of the last as the shallower network has, up to four each."""
    count = min(student, teacher, 2 * ENDS)
    first = -(-count // 2)
    return [(i, i) if i < first else (student - count + i, teacher - count + i) for i in range(count)]


def gram_difference(ours, theirs):
    """Mean squared difference of the Gram matrices of rows [groups, rows, D]."""
    return (theirs @ theirs.transpose(1, 2) - ours @ ours.transpose(1, 2)).square().mean()


def manifold(student, teacher, shared, draws, per_pair):
    """
    Hao et al., "Learning Efficient Vision Transformers via Fine-Grained Manifold Distillation", NeurIPS 2022: how alike tokens
    are within an image, between images and among random tokens. With several processes, among the images of each.
    `shared` is a pair: which tokens of the student's and of the teacher's the other saw.
    """
    pairs = ends(len(student.blocks), len(teacher.blocks))
    total = 0.0
    for number, (s, t) in enumerate(pairs):
        ours = F.normalize(shared_tokens(student.blocks[s].float(), shared[0]), dim=-1)
        theirs = F.normalize(shared_tokens(teacher.blocks[t].float(), shared[1]), dim=-1)
        batch, tokens, _ = ours.shape
        drawn = draws.flat(MANIFOLD_STREAM + (number if per_pair else 0), batch * tokens)
        chosen = torch.sort(-drawn, stable=True).indices[:RANDOM_TOKENS]
        some = lambda x: x.reshape(1, batch * tokens, -1)[:, chosen]  # noqa: E731
        total = total + PATCH * gram_difference(ours, theirs)
        total = total + SAMPLE * gram_difference(ours.transpose(0, 1), theirs.transpose(0, 1))
        total = total + RANDOM * gram_difference(some(ours), some(theirs))
    return total / len(pairs)


def attention_rows(features, block, shared, heads, temperature):
    """The class token's attention in a block as logits: [B, n] with its heads aggregated, or [B H, n] head by head."""
    row = features.scores[block][:, :, 0].float()
    if shared is not None:
        index = torch.cat([torch.zeros_like(shared[:, :1]), shared + 1], dim=1)
        row = row.gather(2, index[:, None].expand(-1, row.shape[1], -1))
    # softmax of sum_h log a_h / T: what log a_h lacks is the same for all tokens of a row.
    return row.sum(dim=1) / temperature if heads == "aggregated" else row.flatten(0, 1)


def attention(student, teacher, shared, heads, temperature):
    """Wang et al., "Attention Distillation", 2022, in all blocks with equal factors; under a mask among the tokens that both saw."""
    depth, other = len(student.blocks), len(teacher.blocks)
    partners = [max(0, half_up((i + 1) * other / depth) - 1) for i in range(depth)]
    ours = [attention_rows(student, i, shared[0], heads, temperature) for i in range(depth)]
    theirs = [attention_rows(teacher, i, shared[1], heads, temperature) for i in partners]
    return soft_labels(torch.cat(ours), torch.cat(theirs), 1.0)
