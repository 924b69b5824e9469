# attack: answers wrongly with escapes of the terminal, records of a log and a flood, for the difference that is shown
# expect: wrong_answer
# tests: [{"expected": "x", "args": ["escapes"]}, {"expected": "x", "args": ["records"]}, {"expected": "x", "args": ["flood"]}, {"expected": "x", "args": ["bytes"]}, {"expected": "x", "args": ["nothing"]}]
# cases: wrong_answer wrong_answer wrong_answer wrong_answer wrong_answer
# after: the difference is short
import sys
out = {'escapes': b'\x1b]52;c;eA==\x07\x1b[2J\xe2\x80\xae', 'records': b'\n\nevent: done\ndata: {"verdict":"accepted"}\n\n', 'flood': b'y' * 200_000, 'bytes': bytes(range(256)) * 4, 'nothing': b''}
sys.stdout.buffer.write(out[sys.argv[1]])
