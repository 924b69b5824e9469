'use strict';
// Preloaded through NODE_OPTIONS when init starts node ahead: say that the interpreter is loaded, wait for the gate, and
// leave nothing behind. What happens next is what `node main.js` always does. Worker threads inherit the preload; they
// find no SANDFLEET_WARM and only take this module out of their cache.
const fs = require('fs');
const vm = require('vm');
const Module = require('module');

// Node 22 runs a file as an ES module if it only parses as one. For older versions the same is decided here, by the
// parser, and told to node by the name: main.js becomes a link to main.mjs, and node goes by the file that a link means.
// A program that parses as CommonJS is not touched.
function runsOnlyAsModule(file) {
  if (Number.parseInt(process.versions.node, 10) >= 22) return false;
  let source;
  try {
    source = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    if (!/\b(?:import|export|await)\b/.test(source)) return false;
    vm.compileFunction(source, ['exports', 'require', 'module', '__filename', '__dirname'], { filename: file });
    return false;
  } catch ({ message }) {
    if (/^(?:Cannot use import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta' outside a module)$/.test(message)) return true;
    if (!/^await is only valid in async functions and the top level bodies of modules$/.test(message)) return false;
  }
  try {
    vm.compileFunction(`return (async () => {${source}\n})`, [], { filename: file });
    return true;
  } catch {
    return false;
  }
}

if (process.env.SANDFLEET_WARM !== undefined) {
  const gate = 60;
  const ready = 61;
  delete process.env.SANDFLEET_WARM;
  delete process.env.NODE_OPTIONS;
  // What nearly every program makes node load first: the parts behind console.log, and the module loader.
  require('net');
  new Module('').load('/dev/null');
  fs.writeSync(ready, '+');
  while (fs.readSync(gate, Buffer.allocUnsafe(64)) > 0);
  fs.closeSync(gate);
  fs.closeSync(ready);
  const file = process.argv[1];
  if (runsOnlyAsModule(file)) {
    const name = file.replace(/\.js$/, '.mjs');
    fs.renameSync(file, name);
    fs.symlinkSync(name, file);
  }
}
process._preload_modules?.splice(0);
for (const key of Object.keys(Module._pathCache)) delete Module._pathCache[key];
delete Module._cache[__filename];
