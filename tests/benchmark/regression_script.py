#!/usr/bin/env python3
"""What a tutorial writes for a linear regression in PyTorch: reads a CSV, trains, prints the final loss.

    regression_script.py CSV TARGET EPOCHS
"""
import sys

import pandas as pd
import torch

table = pd.read_csv(sys.argv[1])
y = torch.tensor(table.pop(sys.argv[2]).values, dtype=torch.float32).unsqueeze(1)
x = torch.tensor(table.values, dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0)
model = torch.nn.Linear(x.shape[1], 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32, shuffle=True)
for epoch in range(int(sys.argv[3])):
    for xs, ys in loader:
        loss = torch.nn.functional.mse_loss(model(xs), ys)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print("final loss", torch.nn.functional.mse_loss(model(x), y).item())
