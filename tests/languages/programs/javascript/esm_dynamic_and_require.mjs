import { createRequire } from "module";
const require = createRequire(import.meta.url);
console.log(require("path").sep, (await import("fs")).default === require("fs"), Object.keys(require.cache));
