"""Makes two small random models of the real architectures, CLIP and SigLIP, as folders in the layout of transformers.js, with
Python's own vectors of a few pictures and texts beside them: what the tests of `--encoder clip` compare with.

usage: python tools/clip_fixture.py test/fixtures

It needs torch, transformers, tokenizers, pillow, onnx, onnxscript and onnxruntime.
"""

import base64
import io
import json
import os
import sys

import numpy
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    SiglipTextModel,
    SiglipVisionModel,
)

TEXTS = ["Toy Story (1995)", "the story of toys", "Amélie 2001", "a", "  To   the\tSTORE's 12 doors!? ", "七人の侍", " ".join(["story"] * 100)]


def picture(width, height, seed):
    """Smooth colors with sharp edges, from whole numbers alone: test/fixtures/painted-picture.ts makes the same bytes."""
    y, x = numpy.mgrid[0:height, 0:width]
    red = (x * 7 + y * 3 + seed * 31) % 256
    green = numpy.where((x // 5 + y // 9) % 2 == 0, (x * 2 + seed * 13) % 256, 255 - (y * 3) % 256)
    blue = (x * y + seed * 101) % 256
    return Image.fromarray(numpy.stack([red, green, blue], -1).astype(numpy.uint8))


def byte_letters():
    """The letter that stands for each byte in a byte-level vocabulary."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in kept]
    return [chr(byte) for byte in kept] + [chr(256 + at) for at in range(len(rest))]


def clip_tokenizer():
    merges = [("t", "h"), ("th", "e</w>"), ("s", "t"), ("o", "r"), ("st", "or"), ("stor", "y</w>"), ("t", "o"), ("to", "y</w>")]
    letters = byte_letters()
    words = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: at for at, word in enumerate(words)}, merges=merges, model_max_length=77), len(words)


def siglip_tokenizer():
    """Pieces with scores, as SigLIP's, which ends a text with </s> and pads with it."""
    pieces = ["<pad>", "</s>", "<unk>", "▁"] + [chr(code) for code in range(97, 123)] + ["▁the", "▁story", "▁to", "ys", "▁of"]
    tokenizer = Tokenizer(models.Unigram([(piece, -float(at % 7) - 1) for at, piece in enumerate(pieces)], unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace("!", ""), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=16, pad_token="</s>", eos_token="</s>", unk_token="<unk>"), len(pieces)


class Named(torch.nn.Module):
    """A model that gives the outputs of these names."""

    def __init__(self, model, inputs, outputs):
        super().__init__()
        self.model, self.inputs, self.outputs = model, inputs, outputs

    def forward(self, *tensors):
        result = self.model(**dict(zip(self.inputs, tensors)))
        return tuple(result[name] for name in self.outputs)


def export(path, model, inputs, outputs, dynamic):
    torch.onnx.export(
        Named(model, list(inputs), outputs).eval(), tuple(inputs.values()), path, input_names=list(inputs), output_names=outputs,
        dynamic_shapes={"tensors": tuple(dynamic.values())}, dynamo=True, external_data=False, verbose=False,
    )
    written = onnx.load(path)
    del written.graph.value_info[:]
    del written.metadata_props[:]
    written.doc_string = written.graph.doc_string = ""
    for node in written.graph.node:
        node.doc_string, node.name = "", ""
        del node.metadata_props[:]
    onnx.checker.check_model(written)
    onnx.save(written, path)


def towers(folder, vision, text, size, tokenizer, outputs, mask):
    os.makedirs(f"{folder}/onnx", exist_ok=True)
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=tokenizer.model_max_length)
    export(f"{folder}/onnx/vision_model.onnx", vision, {"pixel_values": torch.randn(2, 3, size, size)}, outputs[0], {"pixel_values": {0: batch}})
    ids = torch.randint(3, 30, (2, 9))
    inputs = {"input_ids": ids, **({"attention_mask": torch.ones_like(ids)} if mask else {})}
    text_shape = {0: batch, 1: length} if mask else {0: batch}
    if not mask:
        inputs = {"input_ids": torch.randint(3, 30, (2, tokenizer.model_max_length))}
    export(f"{folder}/onnx/text_model.onnx", text, inputs, outputs[1], {name: text_shape for name in inputs})


def numbers(x):
    return [float(f"{value:.7g}") for value in x.flatten().tolist()]


def resizes():
    """PIL's bytes: larger and smaller, by each filter that a model may ask for, and what it reads from a JPEG file."""
    sizes = [((20, 24), (32, 38)), ((200, 300), (24, 36)), ((61, 33), (59, 32)), ((40, 60), (40, 20))]
    made = [
        {"from": before, "to": after, "filter": filter, "bytes": encoded(picture(*before, seed).resize(after, filter).tobytes())}
        for filter in (Image.LANCZOS, Image.BILINEAR, Image.BICUBIC)
        for seed, (before, after) in enumerate(sizes)
    ]
    file = io.BytesIO()
    picture(45, 37, 3).save(file, "JPEG", quality=90)
    decoded = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    return {"resizes": made, "jpeg": {"size": decoded.size, "file": encoded(file.getvalue()), "bytes": encoded(decoded.tobytes())}}


def encoded(data):
    return base64.b64encode(data).decode()


def quantized(path):
    """The same weights as whole numbers, as transformers.js names such files."""
    quantize_dynamic(path, path.replace(".onnx", "_quantized.onnx"), weight_type=QuantType.QUInt8)


def tidy(folder):
    """Drops what nothing reads."""
    for name in os.listdir(folder):
        if name.endswith((".txt", ".jinja")) or name in ("vocab.json", "special_tokens_map.json", "added_tokens.json"):
            os.remove(f"{folder}/{name}")


def expected(folder, processor, tokenizer, vision, text, padding, more):
    sizes = [(40, 60), (61, 33), (20, 24), (200, 300), (32, 32)]
    pictures = [picture(width, height, seed) for seed, (width, height) in enumerate(sizes)]
    pixels = processor(pictures, return_tensors="pt")["pixel_values"]
    batch = tokenizer(TEXTS, padding=padding, truncation=True, return_tensors="pt")
    with torch.no_grad():
        content = {
            "sizes": sizes,
            "pixels": numbers(pixels[0]),
            "image": [numbers(row) for row in vision(pixels)],
            "texts": TEXTS,
            "ids": batch["input_ids"].tolist(),
            "text": [numbers(row) for row in text(batch)],
            **more,
        }
    with open(f"{folder}/expected.json", "w", encoding="utf-8") as file:
        json.dump(content, file, separators=(",", ":"), ensure_ascii=False)


def clip(folder):
    torch.manual_seed(0)
    tokenizer, words = clip_tokenizer()
    narrow = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, projection_dim=16)
    config = CLIPConfig(
        projection_dim=16,
        text_config=dict(vocab_size=words, max_position_embeddings=77, bos_token_id=words - 2, eos_token_id=words - 1, pad_token_id=words - 1, **narrow),
        vision_config=dict(image_size=32, patch_size=8, **narrow),
    )
    model = CLIPModel(config).eval()
    vision = CLIPVisionModelWithProjection(config.vision_config).eval()
    vision.load_state_dict(model.state_dict(), strict=False)
    text = CLIPTextModelWithProjection(config.text_config).eval()
    text.load_state_dict(model.state_dict(), strict=False)
    for tower in (vision, text):
        tower.set_attn_implementation("eager")
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)
    towers(folder, vision, text, 32, tokenizer, (["image_embeds"], ["text_embeds"]), True)
    expected(folder, processor, tokenizer, lambda x: vision(pixel_values=x).image_embeds, lambda x: text(**x).text_embeds, True, resizes())
    for name in ("vision", "text"):
        quantized(f"{folder}/onnx/{name}_model.onnx")
    tidy(folder)


def siglip(folder):
    torch.manual_seed(1)
    tokenizer, words = siglip_tokenizer()
    narrow = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2)
    config = SiglipConfig(
        text_config=dict(vocab_size=words, max_position_embeddings=16, projection_size=16, **narrow),
        vision_config=dict(image_size=24, patch_size=8, **narrow),
    )
    model = SiglipModel(config).eval()
    vision, text = SiglipVisionModel(config.vision_config).eval(), SiglipTextModel(config.text_config).eval()
    vision.load_state_dict(model.state_dict(), strict=False)
    text.load_state_dict(model.state_dict(), strict=False)
    for tower in (vision, text):
        tower.set_attn_implementation("eager")
    processor = SiglipImageProcessorPil(size={"height": 24, "width": 24}, resample=2)
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)
    towers(folder, vision, text, 24, tokenizer, (["pooler_output"], ["pooler_output"]), False)
    expected(
        folder, processor, tokenizer, lambda x: vision(pixel_values=x).pooler_output,
        lambda x: text(input_ids=x["input_ids"]).pooler_output, "max_length", {},
    )
    tidy(folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FOLDER")
    clip(f"{sys.argv[1]}/tiny-clip")
    siglip(f"{sys.argv[1]}/tiny-siglip")
