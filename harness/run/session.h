/* A case in progress: its worker, its tensors, what was found. */
#ifndef LAYERCAKE_RUN_SESSION_H
#define LAYERCAKE_RUN_SESSION_H

#include "measure/counters.h"
#include "plan/plan.h"
#include "run/process.h"
#include "run/subject.h"

typedef struct cake_session {
    const cake_case *item;
    cake_subject *subject;
    uint32_t kernel_index; /* in the plugin's table */
    int32_t layout;        /* of image tensors, chosen; CAKE_PLAIN: there are none */
    cake_process process;
    cake_arena arena;
    cake_counters *counters; /* of the worker, from before it starts threads; NULL: none */
    cake_finding finding;
    char warnings[256];
    double error_in_bounds; /* NAN before a comparison */
    double setup_ns;        /* of the last open; NAN before */
    int64_t workspace_bytes;
    char choice[CAKE_WIRE_CHOICE]; /* what the kernel recorded in its last open */
    bool huge_pages;               /* the timed tensors lie on such */
    double call_ns;                /* shortest call seen, watched from outside; NAN before */
} cake_session;

/* Start the worker, make the tensors, attach the counters (by name; none is fine). False: the finding says why.
 * `image` is the plugin's file. */
bool cake_session_open(cake_session *session, const cake_case *item, cake_subject *subject,
                       const cake_worker_settings *settings, const cake_placement *placement,
                       const cake_plugin_file_image *image, const char *const *counters, size_t n_counters);

/* Place tensors of a trial and open the kernel on them; closes the one that is open. Before the first call: in the
 * first of the kernel's layouts that it does not refuse, if the user wishes for none. */
bool cake_session_prepare(cake_session *session, int trial, cake_placing placing);

/* All check calls: both trials, both placings, a repeat. False: the finding says what is wrong. */
bool cake_session_check(cake_session *session);

/* One checked call on a trial's inputs, in place of the timed ones; all of its outputs compared. *elapsed_ns is the
 * coordinator's time around it. The timed trial's tensors are put back. */
bool cake_session_audit(cake_session *session, int trial, double *elapsed_ns);

/* Note a warning once. */
void cake_session_warn(cake_session *session, const char *text);

/* End the worker and free the tensors; the finding stays. */
void cake_session_close(cake_session *session);

#endif
