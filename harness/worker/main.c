/* layercake-worker: the process in which one plugin runs. Started by the coordinator only. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker/fault.h"
#include "worker/serve.h"

int main(void)
{
    pid_t parent = getppid();
    cake_shared *shared;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        return CAKE_EXIT_PROTOCOL;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, CAKE_FD_SHARED, 0);
    if (shared == MAP_FAILED) {
        fprintf(stderr, "layercake-worker is started by layercake, not by hand\n");
        return CAKE_EXIT_PROTOCOL;
    }
    close(CAKE_FD_SHARED);
    if (!cake_fault_watch(&shared->fault) || !cake_serve(CAKE_FD_SOCKET, CAKE_FD_PLUGIN, shared))
        return CAKE_EXIT_PROTOCOL;
    fflush(stdout);
    _exit(0); /* no destructors: a plugin's must not keep the worker */
}
