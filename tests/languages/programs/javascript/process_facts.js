console.log(process.argv, process.execArgv, process.argv0, process.execPath, process.title, process.cwd(), process.umask());
console.log(process.env, process.exitCode, process.config.variables !== undefined, process.release.name, process.getuid());
console.log(process._preload_modules, process.features, process.allowedNodeEnvironmentFlags.size > 10, process.noDeprecation, process.throwDeprecation);
