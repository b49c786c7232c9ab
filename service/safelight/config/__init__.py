"""What an operator sets: the model, and where its values come from."""
