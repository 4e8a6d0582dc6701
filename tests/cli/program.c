/* CAKE_PROGRAM: path of the program. */
#include "program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_WORDS = 62 };

static pid_t start(const char *folder, const char *const *words, const char *out, const char *err)
{
    char *argv[MAX_WORDS + 2] = {(char *)(uintptr_t) "layercake"};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    int count = 0;

    for (; words[count]; count++) {
        cr_assert_lt(count, MAX_WORDS);
        argv[count + 1] = (char *)(uintptr_t)words[count];
    }
    cr_assert_eq(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (folder)
        posix_spawn_file_actions_addchdir_np(&actions, folder);
    cr_assert_eq(posix_spawn(&pid, CAKE_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

cake_said cake_run_program(const char *folder, const char *const *words)
{
    char out[] = "/tmp/layercake-out-XXXXXX", err[] = "/tmp/layercake-err-XXXXXX";
    cake_said said = {0};
    int status = 0, out_fd = mkstemp(out), err_fd = mkstemp(err);
    pid_t pid;

    cr_assert(out_fd >= 0 && err_fd >= 0);
    close(out_fd);
    close(err_fd);
    pid = start(folder, words, out, err);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    said.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    said.out = cake_read_text(out);
    said.err = cake_read_text(err);
    unlink(out);
    unlink(err);
    return said;
}

void cake_said_free(cake_said *said)
{
    free(said->out);
    free(said->err);
    *said = (cake_said){0};
}

pid_t cake_start_program(const char *folder, const char *const *words)
{
    return start(folder, words, "/dev/null", "/dev/null");
}

char *cake_read_text(const char *path)
{
    enum { MOST = 1 << 22 };
    FILE *file = fopen(path, "r");
    char *text = calloc(1, MOST + 1);

    cr_assert_not_null(text);
    if (file) {
        size_t length = fread(text, 1, MOST, file);

        text[length] = '\0';
        fclose(file);
    }
    return text;
}

void cake_make_folder(char path[64])
{
    strcpy(path, "/tmp/layercake-cli-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
}

void cake_remove_folder(const char *path)
{
    char command[128];

    cr_assert(strncmp(path, "/tmp/layercake-cli-", 19) == 0);
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    cr_expect_eq(system(command), 0);
}
