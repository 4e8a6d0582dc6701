#include "program.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_WORDS = 200, PATH_BYTES = 512 };

const char *fault_build(void)
{
    const char *build = getenv("FAULT_BUILD");

    return build ? build : FAULT_BUILD;
}

const char *fault_path(const char *name)
{
    static char paths[8][PATH_BYTES];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, PATH_BYTES, "%s/tests/faults/plugins/%s.so", fault_build(), name);
    return path;
}

pid_t fault_start_program(const char *folder, const char *const *words)
{
    char program[PATH_BYTES], said[PATH_BYTES], *argv[MAX_WORDS + 2] = {program};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    snprintf(program, sizeof program, "%s/layercake", fault_build());
    snprintf(said, sizeof said, "%s/said.txt", folder);
    for (int i = 0; words[i]; i++) {
        cr_assert_lt(i, MAX_WORDS);
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    cr_assert_eq(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    cr_assert_eq(posix_spawn(&pid, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static char *read_text(const char *folder, const char *name)
{
    enum { MOST = 1 << 20 };
    char path[PATH_BYTES], *text = calloc(1, MOST + 1);
    FILE *file;

    cr_assert_not_null(text);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "r");
    if (file) {
        text[fread(text, 1, MOST, file)] = '\0';
        fclose(file);
    }
    return text;
}

fault_ran fault_finish_program(const char *folder, pid_t pid)
{
    fault_ran ran = {0};
    cake_error error = {""};
    char path[PATH_BYTES];
    int status = 0;

    cr_assert_eq(waitpid(pid, &status, 0), pid);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    ran.said = read_text(folder, "said.txt");
    snprintf(path, sizeof path, "%s/out", folder);
    if (access(path, F_OK) == 0)
        cr_expect_eq(cake_results_open(&ran.results, path, &error), CAKE_OK, "%s", error.text);
    return ran;
}

fault_ran fault_run_program(const char *folder, const char *const *words)
{
    return fault_finish_program(folder, fault_start_program(folder, words));
}

void fault_ran_free(fault_ran *ran)
{
    free(ran->said);
    cake_results_free(&ran->results);
    *ran = (fault_ran){0};
}

const cake_row *fault_row_of(const fault_ran *ran, const char *plugin)
{
    const cake_row *found = NULL;

    for (size_t i = 0; i < ran->results.rows.count; i++) {
        const cake_row *row = &ran->results.rows.row[i];

        if (strcmp(cake_row_string(row->plugin), plugin) != 0)
            continue;
        if (found)
            return NULL;
        found = row;
    }
    return found;
}

bool fault_nobody_left(void)
{
    for (int tries = 0; tries < 500; tries++) {
        pid_t got = waitpid(-1, NULL, WNOHANG);

        if (got < 0 && errno == ECHILD)
            return true;
        if (got == 0)
            usleep(10000);
    }
    return false;
}

void fault_make_folder(char path[64])
{
    strcpy(path, "/tmp/layercake-fault-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
}

void fault_remove_folder(const char *path)
{
    char command[128];

    cr_assert(strncmp(path, "/tmp/layercake-fault-", 21) == 0);
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    cr_expect_eq(system(command), 0);
}
