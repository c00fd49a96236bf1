"""What a run asks: targets with their items and elicitations, and all prompts in the order in which they are asked."""
