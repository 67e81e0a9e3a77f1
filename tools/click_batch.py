"""The batch of impressions that the fixtures of click models share, and what is known of its users and items, with the sizes of both."""

import torch

B, L = 5, 4
ITEMS, USERS, ITEM_ROWS, USER_ROWS, CATEGORIES, AGES, BEHAVIORS = 7, 3, 6, 4, 3, 4, 2
user = torch.tensor([1, 2, 3, 0, 2])
item = torch.tensor([3, 7, 1, 5, 6])
history = torch.tensor([[1, 2, 4, 2], [5, 0, 0, 0], [2, 6, 7, 0], [0, 0, 0, 0], [3, 3, 0, 0]])
behavior = torch.tensor([[1, 2, 1, 1], [2, 0, 0, 0], [1, 1, 2, 0], [0, 0, 0, 0], [2, 1, 0, 0]])
label = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0])
weight = torch.tensor([0.25, 0.25, 0.25, 0.25, 0.0])
item_row = torch.tensor([0, 2, 3, 1, 4, 1, 5, 2])
user_row = torch.tensor([1, 2, 1, 3])
category = torch.tensor([0, 1, 2, 1, 0, 2, 2, 1])
age = torch.tensor([0, 3, 1, 2])
