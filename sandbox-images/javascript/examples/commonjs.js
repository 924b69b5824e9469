const path = require("path");
const text = `
import nothing from "a template literal does not make a module";
`;
console.log(path.basename(__filename), text.trim().split(" ")[0], require.main === module);
