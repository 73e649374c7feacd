"""Which images are proposed as references for a prompt."""
