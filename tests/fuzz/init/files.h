/* The files that init writes: below a folder of their own, and nowhere else. See harness.c. */
#pragma once

int files_close(int fd);
unsigned files_open(void);
ssize_t files_write(int fd, const void *from, size_t most);
void files_end(void); /* of an input: look whether anything got out, and make the folder new */
