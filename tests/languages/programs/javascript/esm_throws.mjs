import os from "os";
function f() { throw new TypeError("in a module"); }
f(os);
