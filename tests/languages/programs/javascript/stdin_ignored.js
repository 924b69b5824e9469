console.log("never reads");
