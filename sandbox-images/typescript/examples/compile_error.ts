const open: string = "never closed;
