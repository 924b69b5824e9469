fetch("http://192.0.2.1/").catch(e => console.log(e.name, e.cause && e.cause.code));
