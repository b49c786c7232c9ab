"""The peers in Python, each as its documentation would have it, or as bare as it gets."""
