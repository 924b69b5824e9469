/* The files of init: below folders of their own, and nowhere else. See harness.c. */
#pragma once

int files_close(int fd);
unsigned files_open(void);
ssize_t files_read(int fd, void *to, size_t most);
ssize_t files_write(int fd, const void *from, size_t most);
void files_havoc(void); /* what a program may do to them */
void files_end(void);   /* of an input: look whether anything got out, and make the folders new */

/* What init says of them. */
void files_were_kept(bool whole);
void files_were_wiped(void);
bool files_find(const char *path, uint64_t *size); /* a plain file, reached through no link */
bool files_failed(void); /* has any call on them failed for no reason */
bool files_hold(const char *path, uint64_t at, const unsigned char *bytes, size_t size);
