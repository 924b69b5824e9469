// attack: brings types that every program here would be checked with
// expect: ok | compile_error
// stdout: ^(honest)?$
// after: worker and neighbours unharmed, container gone
console.log('honest');
//--- node_modules/@types/evil/index.d.ts
/// <reference path="/dev/zero" />
declare module '/etc/shadow';
declare var console: 7;
//--- node_modules/@types/evil/package.json
{"name": "@types/evil", "version": "1.0.0", "types": "index.d.ts"}
