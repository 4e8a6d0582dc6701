#include "run/audit.h"

static bool expect(cake_session *session, bool fresh, cake_random *random)
{
    cake_subject *subject = session->subject;
    cake_error error = {""};

    if ((fresh || !subject->has_audit) && cake_subject_refresh(subject, cake_random_next(random), &error) != CAKE_OK)
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", error.text);
    if (cake_subject_expect(subject, CAKE_TRIAL_AUDIT, session->item->kernel->accuracy, &error) != CAKE_OK)
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", error.text);
    return true;
}

bool cake_audit_once(cake_session *session, cake_random *random)
{
    double elapsed;

    return expect(session, false, random) && cake_session_audit(session, CAKE_TRIAL_AUDIT, &elapsed);
}

bool cake_audit_calls(cake_session *session, cake_random *random, double least_ns, int64_t *calls, double *sum_ns)
{
    double elapsed;

    *sum_ns = 0;
    for (*calls = 0; *calls < 1 || (*calls < CAKE_AUDIT_CALLS && *sum_ns < least_ns); ++*calls) {
        if (!expect(session, true, random) || !cake_session_audit(session, CAKE_TRIAL_AUDIT, &elapsed))
            return false;
        *sum_ns += elapsed;
    }
    return true;
}
