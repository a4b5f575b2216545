/* Other programs that a test talks to. */
#ifndef TESTS_UNIT_HTTP_CHILD_H
#define TESTS_UNIT_HTTP_CHILD_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its standard output is *ret_output; the rest of its streams is nowhere. */
static inline pid_t child_start(const char *const *argv, int *ret_output)
{
    int fds[2], nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || pipe(fds) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails leaves nobody behind */
        if (dup2(fds[1], STDOUT_FILENO) >= 0 && dup2(nowhere, STDIN_FILENO) >= 0 &&
            dup2(nowhere, STDERR_FILENO) >= 0) {
            close(fds[0]);
            close(fds[1]);
            execvp(argv[0], (char *const *)argv);
        }
        _exit(127);
    }
    close(nowhere);
    close(fds[1]);
    *ret_output = fds[0];
    return pid;
}

/* Reads until `mark` and a number have been printed; -1 when it ends before. */
static inline int child_number_after(int output, const char *mark)
{
    char text[1024] = "";
    for (size_t n = 0; n < sizeof text - 1 && read(output, text + n, 1) == 1; n++) {
        const char *at = strstr(text, mark);
        char *end;
        long number = at ? strtol(at + strlen(mark), &end, 10) : 0;
        if (at && end > at + strlen(mark) && *end != '\0')
            return (int)number;
    }
    return -1;
}

static inline void child_stop(pid_t pid, int output)
{
    int status;
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    close(output);
}

#endif
