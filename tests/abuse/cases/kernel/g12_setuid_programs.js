// attack: looks for setuid programs in the image
// expect: ok
// stdout: ^\[\]$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const found = [];
const walk = (folder) => {
  let names = [];
  try { names = fs.readdirSync(folder, { withFileTypes: true }); } catch {}
  for (const entry of names) {
    const path = folder + '/' + entry.name;
    if (entry.isDirectory() && !/^\/(proc|sys)/.test(path)) walk(path);
    else if (entry.isFile()) try { if (fs.lstatSync(path).mode & 0o6000) found.push(path); } catch {}
  }
};
walk('');
console.log(JSON.stringify(found));
