process.stdout.write("x".repeat(60000)); process.exit(1);
