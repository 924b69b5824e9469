for (const s of [process.stdin, process.stdout, process.stderr]) console.log(s.constructor.name, s.fd, s.isTTY, s.readable, s.writable, s.writableHighWaterMark, s._type, s.columns);
