/* The made-up world around init. See harness.c. */
#pragma once

#define WORLD_SIGNALS 900 /* descriptors that are no pipe of a program */
#define WORLD_COUNTER 901
#define WORLD_FIRST_FD 1000

#define CHECK(holds, words) \
    do { \
        if (!(holds)) world_abort(words); \
    } while (0)

extern jmp_buf world_over;

bool world_begin(const uint8_t *data, size_t size);
void world_end(void);
unsigned world_choice(void);
uint64_t world_now_us(void);
bool world_refuses(void); /* now and then a call of the kernel fails for no reason */
size_t world_read_so_far(void); /* of the worker's bytes */
_Noreturn void world_abort(const char *words);
_Noreturn void world_exit(int status);

ssize_t world_read(int fd, void *to, size_t most);
ssize_t world_write(int fd, const void *from, size_t most);
int world_close(int fd);
int world_poll(struct pollfd *fds, nfds_t count, int ms);
pid_t world_fork(char **argv, char **env);
int world_kill(pid_t pid, int sig);
pid_t world_waitpid(pid_t pid, int *status, int flags);
int world_pipe2(int ends[2]);
int world_fcntl(int fd, int what);
ssize_t world_pread(int fd, void *to, size_t most);
int world_clock(struct timespec *t);
void *world_mmap(size_t bytes);
int world_open(const char *path);
int world_mkdirat(int folder, const char *name, mode_t mode);
int world_openat(int folder, const char *name, int flags, ...);
int world_unlinkat(int folder, const char *name, int flags);
int world_symlinkat(const char *target, int folder, const char *name);
ssize_t world_readlinkat(int folder, const char *name, char *to, size_t most);
int world_renameat(int folder, const char *name, int to, const char *other);
int world_fchmodat(int folder, const char *name, mode_t mode);
int world_fchmod(int fd, mode_t mode);
int world_stat(const char *path, struct stat *found);
int world_fstat(int fd, struct stat *found);
int world_fstatat(int folder, const char *name, struct stat *found, int flags);
int world_fstatvfs(int fd, struct statvfs *room);
int world_ftruncate(int fd, off_t size);
off_t world_lseek(int fd, off_t at, int from);
DIR *world_fdopendir(int fd);
int world_closedir(DIR *names);

/* What the world asks of init, which alone knows. */
void world_check_sleep(int ms);
void world_check_kept(void);
bool world_has_temp(void);
void world_check_room(const unsigned char *to, size_t most);
bool world_in_stage(void);
const uint32_t *world_stage_caps(void);
size_t world_stage_bytes(void);
unsigned world_program_fds(void);
unsigned world_frame(const unsigned char **payload, size_t *size); /* that is being handled; 0: none */
int world_output_of(int fd); /* 0 stdout, 1 stderr of the program, -1 neither */
bool world_is_gate_answer(int fd);
