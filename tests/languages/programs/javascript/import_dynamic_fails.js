import("./nope.mjs").catch(e => console.log(e.code)); import("data:text/javascript,throw 5").catch(console.log);
