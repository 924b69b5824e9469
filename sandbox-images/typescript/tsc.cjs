'use strict';
// tsc as it comes, but for its own megabytes of source: V8 finds them compiled in a file that is made once, when the image
// is built, with SANDFLEET_MAKE_CACHE set. A cache of another V8 is not used, which costs time and nothing else.
const fs = require('fs');
const Module = require('module');
const path = require('path');
const vm = require('vm');

const cache = '/sandfleet/tsc.cache';
const library = fs.realpathSync('/sandfleet/typescript/lib');
const file = ['_tsc.js', 'tsc.js'].map((name) => path.join(library, name)).find(fs.existsSync);
const source = fs.readFileSync(file, 'utf8').replace(/^#!.*/, '');
const cachedData = fs.existsSync(cache) ? fs.readFileSync(cache) : undefined;
const script = new vm.Script(Module.wrap(source), { filename: file, cachedData });
if (process.env.SANDFLEET_MAKE_CACHE) process.on('exit', () => fs.writeFileSync(cache, script.createCachedData()));

const tsc = { exports: {} };
script.runInThisContext()(tsc.exports, Module.createRequire(file), tsc, file, library);
