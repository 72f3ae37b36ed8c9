"""Prints the lines of a key log whose client random is in a capture. Usage: h2_keys.py CAPTURE KEYLOG"""

import sys

capture = open(sys.argv[1], "rb").read()
seen = set()
for line in open(sys.argv[2]):
    words = line.split()
    if len(words) == 3 and line not in seen and bytes.fromhex(words[1]) in capture:
        seen.add(line)
        print(line, end="")
