import "os";
Promise.reject(new Error("unhandled in a module"));
