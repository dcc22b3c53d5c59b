"""What a method may add to a training step; most add nothing."""
import optim


class Learning:
    """A method's `Distillation` is one of these, beside its networks and losses."""

    # Which parameters the weight decay pulls at, by name.
    decays = staticmethod(optim.decays)
    # Of AdamW's second moment.
    beta2 = 0.999

    def before(self, optimizer, step):
        """Is called before the update of step `step` (from 0)."""

    def after(self, step):
        """Is called after it: for what follows without a gradient."""
