console.log(process.eventNames(), process._getActiveHandles().length, process._getActiveRequests().length, process.getActiveResourcesInfo());
