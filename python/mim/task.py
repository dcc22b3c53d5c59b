"""What train.py needs to know of masked image modelling: data, networks, losses and scores."""
import data
import networks
import pictures
from method import Distillation, load_network, teacher_of
from neighbours import named_right

from run import fail, here

# Words of the command besides those of train.py.
OWN = {}
# What student.safetensors is.
MADE = "encoder"
WANTED = "a folder of pictures, perhaps with train and val below it"


class Task:
    def __init__(self, run, settings, own):
        for word in ("student", "teacher"):
            if own[word]:
                fail(f"{word}= is not used here.", "The run's own are; out=FOLDER continues what stands there.")
        folder, held = pictures.folders(own["data"])
        self.classes = pictures.classes_of(folder)
        moments = {name: run[name] for name in ("mean", "std")}
        self.pictures = data.Crops(folder, self.classes, settings, moments)
        self.plain = pictures.Pictures(folder, self.classes, settings["side"], moments)
        self.held = pictures.Pictures(held, self.classes, settings["side"], moments) if held and self.classes else None
        teacher = teacher_of(run)
        config = networks.config_of(settings, len(run["mean"]), teacher and teacher.whole["decoder"]["width"])
        if teacher and any(teacher.config[name] != config["encoder"][name] for name in ("image", "patch")):
            fail("The teacher has other patches, or images of another side.", "Leave side= and patch= as they are in the run.")
        same = config == run["student"]
        network = load_network(here("student_initial.safetensors"), config) if same else networks.fresh(config, settings["seed"])
        self.origin = "the run's own, before its first step" if same else "fresh: its size is not that of the run's"
        self.distillation = Distillation(settings, network, teacher)

    @property
    def kept(self):
        """What student.safetensors holds: the encoder, a ViT without a head."""
        return self.distillation.trained.encoder()

    def about(self, moments):
        """What that file says."""
        heads = self.distillation.trained.config["heads"]
        return {"heads": str(heads), **{name: ",".join(map(str, values)) for name, values in moments.items()}}

    def losses(self, batch, step, draws):
        (images,) = batch
        values, _ = self.distillation.step(images, draws)
        return values, {}

    def scores(self, batches, autocast, processes):
        """Share of the held-out pictures that their neighbours name right, by the encoder's features."""
        encoder = self.distillation.trained
        return {"knn_top1": named_right(encoder, self.plain, len(self.classes), batches, autocast, processes)}
