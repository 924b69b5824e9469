console.log(__filename, __dirname, require.main === module, module.id, module.filename, module.loaded, module.parent, module.children, module.paths);
console.log(Object.keys(require), Object.keys(require.cache), Object.keys(require.extensions), this === exports, arguments.length, typeof globalThis.require);
console.log(module);
