// attack: brings settings, plugins, types and a compiler of its own
// expect: ok | compile_error
// stdout: ^(honest)?$
// after: worker and neighbours unharmed, container gone
console.log('honest');
//--- tsconfig.json
{"extends": "/etc/shadow", "compilerOptions": {"plugins": [{"name": "../evil"}], "outDir": "/", "noEmit": true}}
//--- jsconfig.json
{"compilerOptions": {"noEmit": true}}
//--- main.js
console.log('cheated');
//--- node_modules/typescript/package.json
{"name": "typescript", "main": "index.js"}
//--- node_modules/typescript/index.js
for (;;) ;
//--- node_modules/evil/index.js
for (;;) ;
//--- .node_modules/source-map-support/index.js
for (;;) ;
//--- .node_libraries/source-map-support.js
for (;;) ;
