"""What is made of results: lines on a terminal, a file, charts and a page."""
