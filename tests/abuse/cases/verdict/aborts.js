// attack: aborts
// expect: runtime_error
// signal: SIGABRT
// after: worker and neighbours unharmed, container gone
process.abort();
