"""Reads the text on photographed pages: is the photo good enough, where are its lines, what do they say.

Knows nothing of what a document means; rooms do. `gate` is cheap and runs in the web process, `reader` is heavy
(its models take most of a gigabyte) and runs in the process `linli ocr` alone.
"""
