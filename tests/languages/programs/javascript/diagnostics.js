const r = process.report.getReport(); console.log(r.header.commandLine, r.header.cwd, Object.keys(r.environmentVariables), r.header.wordSize);
