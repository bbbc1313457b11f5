"""Runs a program at a terminal: terminal.py '[["what it prints", "what is typed then"], …]' PROGRAM…

Prints what the terminal shows, and exits with the program's exit code.
"""

import json
import os
import pty
import sys

steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = seen = b""
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # Linux reports the end so
        break
    if not chunk:
        break
    shown += chunk
    seen += chunk
    if steps and steps[0][0].encode() in seen:
        os.write(terminal, steps.pop(0)[1].encode())
        seen = b""
sys.stdout.buffer.write(shown)
sys.stdout.flush()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
