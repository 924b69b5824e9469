function outer(a) { return inner(a); }
function inner(a) { return a.b.c; }
outer({});
