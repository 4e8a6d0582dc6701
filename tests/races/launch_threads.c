/* A team's members as plain threads, made for each call: slow, and every order between them can be seen. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "openmp/launch.h"

const uint64_t cake_launch_least_bytes = 0; /* the smallest work too is shared */

typedef struct member_call {
    void (*member)(void *user, int member);
    void *user;
    int number;
} member_call;

static void *call_member(void *user)
{
    const member_call *call = user;

    call->member(call->user, call->number);
    return NULL;
}

void cake_launch(int threads, void (*member)(void *user, int member), void *user)
{
    member_call *calls = calloc((size_t)threads, sizeof *calls);
    pthread_t *started = calloc((size_t)threads, sizeof *started);

    for (int i = 0; calls && started && i < threads; i++) {
        calls[i] = (member_call){member, user, i};
        if (pthread_create(&started[i], NULL, call_member, &calls[i]) == 0)
            continue;
        fprintf(stderr, "team_races: no thread\n");
        exit(3);
    }
    for (int i = 0; calls && started && i < threads; i++)
        pthread_join(started[i], NULL);
    free(calls);
    free(started);
}
