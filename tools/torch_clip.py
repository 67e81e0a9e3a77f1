"""CLIP ViT-B/32 with random weights in PyTorch: what `npm run -s bench -- encode` holds our own encoder against.

    "$PEER_PYTHON" tools/torch_clip.py --make FOLDER
    "$PEER_PYTHON" tools/torch_clip.py --folder FOLDER --pictures a.jpg b.jpg --batch 16 --threads 1

PEER_PYTHON is a Python with torch, transformers, pillow, onnx and onnxscript. The first form writes the model as transformers.js has it, the second reads pictures by
PIL, prepares them by the processor of transformers and encodes them.

Prints one JSON line: milliseconds of processor time for a picture, all of it and the model alone, and the vectors.
"""

import argparse
import json
import os
import time

import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

p = argparse.ArgumentParser()
p.add_argument("--make")
p.add_argument("--folder")
p.add_argument("--pictures", nargs="*", default=[])
p.add_argument("--batch", type=int, default=16)
p.add_argument("--threads", type=int, default=1)
a = p.parse_args()
torch.set_num_threads(a.threads)


class Embeds(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).image_embeds


def make(folder):
    torch.manual_seed(0)
    os.makedirs(f"{folder}/onnx", exist_ok=True)
    model = CLIPVisionModelWithProjection(CLIPVisionConfig()).eval()
    model.save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)
    with open(f"{folder}/config.json", "w", encoding="utf-8") as file:
        json.dump({"model_type": "clip", **CLIPVisionConfig().to_dict()}, file, default=str)
    torch.onnx.export(
        Embeds(model), (torch.randn(2, 3, 224, 224),), f"{folder}/onnx/vision_model.onnx", input_names=["pixel_values"], output_names=["image_embeds"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},), dynamo=True, external_data=False, verbose=False,
    )


def encode(folder):
    processor = CLIPImageProcessorPil.from_pretrained(folder)
    model = CLIPVisionModelWithProjection.from_pretrained(folder, config=CLIPVisionConfig()).eval()
    spent = {"all": 0.0, "model": 0.0}
    vectors = []
    batches = [a.pictures[at : at + a.batch] for at in range(0, len(a.pictures), a.batch)]
    # The first batch warms up.
    for round, names in enumerate([batches[0], *batches]):
        began = time.process_time()
        pixels = processor([Image.open(name).convert("RGB") for name in names], return_tensors="pt")["pixel_values"]
        middle = time.process_time()
        with torch.no_grad():
            embeds = model(pixel_values=pixels).image_embeds
        end = time.process_time()
        if round > 0:
            spent["all"] += end - began
            spent["model"] += end - middle
            vectors += torch.nn.functional.normalize(embeds, dim=-1).tolist()
    print(json.dumps({**{name: 1000 * seconds / len(a.pictures) for name, seconds in spent.items()}, "vectors": vectors}))


if a.make:
    make(a.make)
else:
    encode(a.folder)
