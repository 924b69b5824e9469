const text = `
import fs from "fs";
export default 1;
await x;
`; console.log(text); const fs = require("fs"); console.log(typeof fs, this === module.exports);
