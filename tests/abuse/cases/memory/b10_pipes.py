# attack: fills the buffers of hundreds of pipes
# expect: ok | runtime_error | memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 8}
# after: worker and neighbours unharmed, container gone
import os
full = 0
try:
    while True:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b'x' * 65536)
        except BlockingIOError:
            full += 1
except OSError as error:
    print(error.errno)
