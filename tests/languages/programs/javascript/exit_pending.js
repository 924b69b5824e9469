setInterval(() => {}, 1000); setTimeout(() => process.exit(2), 5);
