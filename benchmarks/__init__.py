"""Speed and memory, as ratios to named rivals."""
