import fs, { readFileSync } from "fs";
import * as path from "node:path";
console.log(typeof fs.existsSync, readFileSync === fs.readFileSync, path.basename(import.meta.url), typeof require, typeof module, this, process.argv);
