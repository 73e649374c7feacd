"""From a prompt to the set of images that serve what it names."""
