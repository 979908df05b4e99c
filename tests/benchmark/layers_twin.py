#!/usr/bin/env python3
"""The same model, data, optimizer and schedule as a Convoy config of family `layers` describes, in eager PyTorch: what
Convoy is measured beside.

    layers_twin.py CONFIG --steps 40             speed: prints a line "step ..." after every step
    layers_twin.py CONFIG --seeds 5              quality: trains by the config's epochs (or steps) with so many seeds, then
                                                 prints loss and accuracy, or R2, of the test split for each, as JSON

Needs torch, h5py, pyyaml. Pictures go through PyTorch as channels first; layers whose inputs are one behind the other in
Convoy, as flatten's, keep Convoy's order. Keys that the twin does not know are refused.
"""
import argparse
import json
import math
import pathlib

import h5py
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import yaml

ACTIVATIONS = {"none": nn.Identity, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU,
               "leaky_relu": nn.LeakyReLU, "softplus": nn.Softplus, "elu": nn.ELU}


class Data:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        self.fields = {f["name"]: f for f in manifest["fields"]}
        self.splits = {}
        for split, told in manifest["splits"].items():
            files = [h5py.File(folder / shard["file"]) for shard in told["shards"]]
            self.splits[split] = {name: torch.from_numpy(np.concatenate([f[name][:] for f in files])) for name in self.fields}
        self.classes = len(self.fields["y"].get("classes", [])) or None


def pair(value):
    return tuple(value) if isinstance(value, list) and len(value) == 2 else (value, value) if isinstance(value, int) else (value[0],) * 2


class Same(nn.Module):
    """Padding so that an extent n becomes ceil(n / stride), what is odd below and to the right."""

    def __init__(self, kernel, stride, value):
        super().__init__()
        self.kernel, self.stride, self.value = kernel, stride, value

    def forward(self, x):
        pads = []
        for n, k, s in zip(reversed(x.shape[2:]), reversed(self.kernel), reversed(self.stride)):
            total = max((math.ceil(n / s) - 1) * s + k - n, 0)
            pads += [total // 2, total - total // 2]
        return F.pad(x, pads, value=self.value)


class Normalize(nn.Module):
    def __init__(self, field):
        super().__init__()
        told = field.get("channels") or field["columns"]
        mean, deviation = (torch.tensor([c[key] for c in told]) for key in ("mean", "deviation"))
        self.register_buffer("mean", mean.float())
        self.register_buffer("factor", torch.where(deviation > 0, 1 / deviation, 0).float())

    def forward(self, x):
        x = (x.float() - self.mean) * self.factor
        return x.movedim(-1, 1) if x.dim() == 4 else x


class Image(nn.Module):
    def forward(self, x):
        x = x.float() / 255
        return x.movedim(-1, 1) if x.dim() == 4 else x


class Flatten(nn.Module):
    def forward(self, x):
        return (x.movedim(1, -1) if x.dim() == 4 else x).flatten(1)


class Reshape(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        x = x.reshape(x.shape[0], *self.shape)
        return x.movedim(-1, 1) if x.dim() == 4 else x


class GlobalAverage(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Listed(nn.Module):
    """The list of layers as Convoy reads it."""

    def __init__(self, items, channels, data, channels_last):
        super().__init__()
        self.data, self.steps, self.layers, self.channels_last = data, [], nn.ModuleList(), channels_last
        self.names = [{}]
        self.channels = channels
        self.build(items, 0)

    def build(self, items, now):
        """now: the number of the value so far; returns that of the list's last one."""
        for item in items:
            item = item if isinstance(item, dict) else {item: {}}
            if "repeat" in item:
                for _ in range(item["repeat"]):
                    self.names.append({})
                    now = self.build(item["layers"], now)
                    self.names.pop()
                continue
            if list(item) == ["name"]:
                self.names[-1][item["name"]] = now
                continue
            (kind, keys), = item.items()
            keys = dict(keys or {})
            names = {key: value for scope in self.names for key, value in scope.items()}
            wanted = keys.pop("from", ["."])
            inputs = [now if name == "." else names[name] for name in (wanted if isinstance(wanted, list) else [wanted])]
            name = keys.pop("name", None)
            module = self.make(kind, keys, inputs)
            if keys:
                raise SystemExit(f"layers_twin.py: {kind} has keys that the twin does not know: {keys}")
            self.layers.append(module)
            self.steps.append((kind, inputs))
            now = len(self.layers)
            if name:
                self.names[-1][name] = now
        return now

    def make(self, kind, keys, inputs):
        before = self.widths[inputs[0]] if hasattr(self, "widths") else self.channels
        if not hasattr(self, "widths"):
            self.widths = [self.channels]
        width, module = before, None
        if kind == "linear":
            units = keys.pop("units")
            width = (self.data.classes or 1) if units == "classes" else units
            module = nn.Sequential(nn.LazyLinear(width, bias=keys.pop("bias", True)), ACTIVATIONS[keys.pop("activation", "none")]())
        elif kind == "conv2d":
            width, kernel, stride = keys.pop("channels"), pair(keys.pop("kernel")), pair(keys.pop("stride", 1))
            padding, groups = keys.pop("padding", "valid"), keys.pop("groups", 1)
            first = [Same(kernel, stride, 0.0)] if padding == "same" and stride != (1, 1) else []
            module = nn.Sequential(*first, nn.LazyConv2d(width, kernel, stride, groups=groups, bias=keys.pop("bias", True), padding=0 if first or padding == "valid" else padding),
                                   ACTIVATIONS[keys.pop("activation", "none")]())
        elif kind in ("max_pool2d", "average_pool2d"):
            window = pair(keys.pop("window"))
            stride = pair(keys.pop("stride", list(window)))
            same = keys.pop("padding", "valid") == "same"
            pool = nn.MaxPool2d(window, stride) if kind == "max_pool2d" else nn.AvgPool2d(window, stride)
            module = nn.Sequential(Same(window, stride, -math.inf), pool) if same else pool
        elif kind == "batch_norm":
            module = nn.LazyBatchNorm2d(momentum=keys.pop("momentum", 0.1)) if self.pictures else nn.LazyBatchNorm1d()
        elif kind in ACTIVATIONS:
            module = ACTIVATIONS[kind]()
        elif kind == "dropout":
            module = nn.Dropout(keys.pop("p"))
        elif kind in ("add", "concat"):
            width = sum(self.widths[i] for i in inputs) if kind == "concat" else before
            module = nn.Identity()
        else:
            simple = {"flatten": Flatten, "global_average_pool": GlobalAverage, "image": Image}
            if kind in simple:
                module = simple[kind]()
            elif kind == "normalize":
                module = Normalize(self.data.fields["x"])
            elif kind == "reshape":
                module = Reshape(keys.pop("shape"))
            else:
                raise SystemExit(f"layers_twin.py: the twin does not know the layer {kind}")
        self.widths.append(width)
        return module

    pictures = True

    def forward(self, x):
        values = [x]
        for (kind, inputs), layer in zip(self.steps, self.layers):
            if kind == "add":
                value = sum(values[i] for i in inputs[1:]) + values[inputs[0]]
            elif kind == "concat":
                value = torch.cat([values[i] for i in inputs], 1)
            else:
                value = layer(values[inputs[0]])
                if self.channels_last and value.dim() == 4:
                    value = value.contiguous(memory_format=torch.channels_last)
            values.append(value)
        return values[-1]


def initialise(module):
    """As Convoy does: LeCun's normal for products, He's before nothing else is said."""
    for m in module.modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            nn.init.normal_(m.weight, std=1 / math.sqrt(m.weight[0].numel()))
            if m.bias is not None:
                nn.init.zeros_(m.bias)


def augmented(x, rules, generator):
    for rule in rules:
        (kind, keys), = rule.items()
        if kind == "flip":
            mirrored = torch.rand(len(x), generator=generator) < keys.get("p", 0.5)
            x = torch.where(mirrored.view(-1, 1, 1, 1), x.flip(2), x)
        elif kind == "crop":
            p, (B, H, W, C) = keys["padding"], x.shape
            big = F.pad(x.movedim(-1, 1), (p, p, p, p)).movedim(1, -1)
            at = torch.randint(2 * p + 1, (len(x), 2), generator=generator)
            x = torch.stack([big[i, y:y + H, z:z + W] for i, (y, z) in enumerate(at.tolist())])
        else:
            raise SystemExit(f"layers_twin.py: the twin does not know the augmentation {kind}")
    return x


class Twin:
    def __init__(self, config, data, seed, channels_last):
        torch.manual_seed(seed)
        self.c, self.data, self.generator = config, data, torch.Generator().manual_seed(seed)
        train = data.splits["train"]
        self.model = Listed(config["model"]["layers"], train["x"].shape[-1], data, channels_last)
        self.model.pictures = any("conv2d" in str(item) for item in config["model"]["layers"])
        with torch.no_grad():
            self.model.eval()(train["x"][:2])
        initialise(self.model)
        o = dict(config["optimizer"])
        name, lr = o.pop("name", "adamw"), o.pop("lr")
        parameters = self.model.parameters()
        if name == "sgd":
            self.optimizer = torch.optim.SGD(parameters, lr=lr, momentum=o.get("momentum", 0), weight_decay=o.get("weight_decay", 0))
        elif name == "adam":
            self.optimizer = torch.optim.Adam(parameters, lr=lr, weight_decay=o.get("weight_decay", 0))
        else:
            self.optimizer = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.95), weight_decay=o.get("weight_decay", 0.1))
        self.micro, self.batch = config["batch"]["micro"], config["batch"]["global"]
        epochs = config["train"].get("epochs", 0)
        self.steps = epochs * len(train["x"]) // self.batch if epochs else config["train"]["steps"]
        self.peak, self.order = lr, []

    def learning_rate(self, step):
        s = self.c.get("schedule", {})
        if s.get("name", "cosine") == "constant":
            return self.peak
        warmup, ratio = s.get("warmup_steps", 100), s.get("final_ratio", 0.1)
        if step < warmup:
            return self.peak * step / warmup
        return self.peak * (ratio + (1 - ratio) * 0.5 * (1 + math.cos(math.pi * min((step - warmup) / max(self.steps - warmup, 1), 1))))

    def loss(self, x, y):
        predictions = self.model(x)
        if self.c["loss"]["name"] == "cross_entropy":
            return F.cross_entropy(predictions, y.long()), predictions
        return F.mse_loss(predictions, y), predictions

    def next_batch(self):
        train = self.data.splits["train"]
        while len(self.order) < self.batch:
            self.order += torch.randperm(len(train["x"]), generator=self.generator).tolist()
        take, self.order = self.order[:self.batch], self.order[self.batch:]
        x = train["x"][take]
        return augmented(x, self.c["data"].get("augment", []), self.generator), train["y"][take]

    def step(self, number):
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(number)
        x, y = self.next_batch()
        passes, total = self.batch // self.micro, 0.0
        for i in range(passes):
            part = slice(i * self.micro, (i + 1) * self.micro)
            loss, _ = self.loss(x[part], y[part])
            (loss / passes).backward()
            total += loss.item() / passes
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.c["train"].get("clip_norm", 1.0) or math.inf)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    @torch.no_grad()
    def evaluate(self, split):
        self.model.eval()
        held, n, predictions, loss = self.data.splits[split], len(self.data.splits[split]["x"]), [], 0.0
        for first in range(0, n, 256):
            part = slice(first, first + 256)
            value, given = self.loss(held["x"][part], held["y"][part])
            loss += value.item() * len(given)
            predictions.append(given)
        predictions, result = torch.cat(predictions), {"loss": loss / n}
        if self.data.classes:
            result["accuracy"] = (predictions.argmax(1) == held["y"]).float().mean().item()
        else:
            result["r2"] = 1 - loss / n / held["y"].var(unbiased=False).item()
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("overrides", nargs="*", help="train.epochs=2 and the like")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--split", default="test")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = yaml.safe_load(open(args.config))
    for override in args.overrides:
        key, value = override.split("=", 1)
        at = config
        for part in key.split(".")[:-1]:
            at = at.setdefault(part, {})
        at[key.split(".")[-1]] = yaml.safe_load(value)
    data = Data(config["data"]["path"])
    if args.steps:
        twin = Twin(config, data, 1, args.channels_last)
        for step in range(1, args.steps + 1):
            print(f"step {step} loss {twin.step(step):.4f}", flush=True)
        return
    for seed in range(1, args.seeds + 1):
        twin = Twin(config, data, seed, args.channels_last)
        for step in range(twin.steps):
            twin.step(step)
        print(json.dumps({"seed": seed, "steps": twin.steps, **twin.evaluate(args.split)}), flush=True)


if __name__ == "__main__":
    main()
