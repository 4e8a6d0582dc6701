#include "run/session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check/compare.h"
#include "check/layout.h"
#include "run/interrupt.h"
#include "run/usage.h"

void cake_session_warn(cake_session *session, const char *text)
{
    size_t used = strlen(session->warnings);

    if (!strstr(session->warnings, text))
        snprintf(session->warnings + used, sizeof session->warnings - used, "%s%s", used ? ";" : "", text);
}

static bool has_images(const cake_tensor_list *list)
{
    for (int i = 0; i < list->count; i++)
        if (list->tensor[i].image)
            return true;
    return false;
}

/* The layout to run in: the wanted one if the kernel takes it, else the kernel's first. */
static bool choose_layout(cake_session *session)
{
    const cake_kernel_info *kernel = session->item->kernel;
    static const int32_t nchw = CAKE_NCHW;
    const int32_t *layouts = kernel->n_layouts ? kernel->layouts : &nchw;
    int count = kernel->n_layouts ? kernel->n_layouts : 1;

    session->layout = CAKE_PLAIN;
    if (!has_images(&session->subject->list))
        return true;
    session->layout = layouts[0];
    if (session->item->layout < 0)
        return true;
    for (int i = 0; i < count; i++)
        if (layouts[i] == session->item->layout) {
            session->layout = layouts[i];
            return true;
        }
    return cake_find(&session->finding, CAKE_V_UNSUPPORTED, "does not take layout %s",
                     cake_layout_name(session->item->layout));
}

static bool make_arena(cake_session *session)
{
    const cake_kernel_info *kernel = session->item->kernel;
    cake_error error = {""};

    if (cake_arena_make(&session->arena, &session->subject->list, session->subject->dtype, session->layout,
                        kernel->min_align, kernel->overread, &error) != CAKE_OK)
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", error.text);
    return true;
}

/* A kernel may refuse a layout that it takes for other problems: make the tensors in the one it likes next. False:
 * there is none, or the layout is the user's wish. */
static bool next_layout(cake_session *session)
{
    const cake_kernel_info *kernel = session->item->kernel;
    int i = 0;

    if (session->finding.verdict != CAKE_V_UNSUPPORTED || session->item->layout >= 0 || !isnan(session->call_ns))
        return false;
    while (i < kernel->n_layouts && kernel->layouts[i] != session->layout)
        i++;
    if (i + 1 >= kernel->n_layouts)
        return false;
    session->layout = kernel->layouts[i + 1];
    session->finding = (cake_finding){0};
    cake_arena_free(&session->arena);
    return make_arena(session);
}

bool cake_session_open(cake_session *session, const cake_case *item, cake_subject *subject,
                       const cake_worker_settings *settings, const cake_placement *placement,
                       const cake_plugin_file_image *image, const char *const *counters, size_t n_counters)
{
    cake_error error = {""};
    const cake_kernel_info *kernel = item->kernel;

    *session = (cake_session){
        .item = item,
        .subject = subject,
        .kernel_index = (uint32_t)(kernel - item->plugin->kernels),
        .process = {.socket = -1, .output = -1},
        .arena = {.descriptor = -1},
        .error_in_bounds = NAN,
        .setup_ns = NAN,
        .call_ns = NAN,
    };
    if (kernel->max_threads && item->threads > (int)kernel->max_threads)
        return cake_find(&session->finding, CAKE_V_UNSUPPORTED, "runs with at most %u thread%s", kernel->max_threads,
                         kernel->max_threads == 1 ? "" : "s");
    if (!choose_layout(session))
        return false;
    if (!make_arena(session))
        return false;
    if (!cake_process_launch(&session->process, settings, placement, image, &session->finding))
        goto fail;
    /* Not of a thread: the counters attach to a process. */
    if (n_counters && session->process.pid &&
        cake_counters_open(counters, n_counters, session->process.pid, &session->counters, &error) != CAKE_OK) {
        cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", error.text);
        goto fail;
    }
    if (!cake_process_load(&session->process, placement, item->plugin->path, &session->finding))
        goto fail;
    session->process.arena = &session->arena;
    return true;

fail:
    cake_session_close(session);
    return false;
}

void cake_session_close(cake_session *session)
{
    cake_counters_close(session->counters);
    session->counters = NULL;
    cake_process_end(&session->process);
    cake_arena_free(&session->arena);
}

static void describe_problem(const cake_session *session, cake_placing placing, cake_request_prepare *prepare)
{
    const cake_op *op = session->subject->workload->op;
    const cake_arena *arena = &session->arena;

    *prepare = (cake_request_prepare){
        .kernel = session->kernel_index,
        .dtype = session->subject->dtype,
        .layout = session->layout,
        .threads = session->item->threads,
        .params_bytes = (uint32_t)op->params_size,
        .n_tensors = (uint32_t)arena->count,
        .huge_pages = session->process.settings->huge_pages && placing == CAKE_PLACE_TIMED,
    };
    snprintf(prepare->op, sizeof prepare->op, "%s", op->name);
    memcpy(prepare->params, session->subject->workload->params, op->params_size);
    for (int i = 0; i < arena->count; i++) {
        cake_wire_tensor *wire = &prepare->tensors[i];

        wire->role = (int32_t)arena->list->tensor[i].role;
        wire->tensor = arena->tensor[i];
        wire->tensor.data = NULL;
        wire->segment_offset = arena->segment_offset[i];
        wire->segment_bytes = arena->segment_bytes[i];
        wire->data_offset = arena->data_offset[i];
    }
}

static bool prepare_once(cake_session *session, int trial, cake_placing placing)
{
    cake_request request = {.kind = CAKE_REQUEST_CLOSE};
    cake_reply reply;
    int64_t began;

    if (!isnan(session->setup_ns) && !cake_process_ask(&session->process, &request, -1, &reply, &session->finding))
        return false;
    cake_arena_place(&session->arena, placing, true, session->subject->trials[trial].values);
    memset(&request, 0, sizeof request);
    request.kind = CAKE_REQUEST_PREPARE;
    describe_problem(session, placing, &request.prepare);
    began = cake_clock_ns();
    if (!cake_process_ask(&session->process, &request, session->arena.descriptor, &reply, &session->finding))
        return false;
    session->setup_ns = (double)(cake_clock_ns() - began);
    session->workspace_bytes = (int64_t)reply.workspace_bytes;
    memcpy(session->choice, reply.choice, sizeof session->choice);
    session->huge_pages = reply.huge_pages == 1;
    memcpy(session->process.address, reply.address, sizeof session->process.address);
    switch ((cake_outcome)reply.outcome) {
    case CAKE_OUTCOME_DONE:
        return true;
    case CAKE_OUTCOME_UNSUPPORTED:
        return cake_find(&session->finding, CAKE_V_UNSUPPORTED, "%s",
                         *reply.text ? reply.text : "the kernel gave no reason");
    case CAKE_OUTCOME_FAILED:
        return cake_find(&session->finding, CAKE_V_ERROR, "open returned %d%s%s", reply.returned,
                         *reply.text ? ": " : "", reply.text);
    default:
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", reply.text);
    }
}

bool cake_session_prepare(cake_session *session, int trial, cake_placing placing)
{
    while (!prepare_once(session, trial, placing))
        if (!next_layout(session))
            return false;
    return true;
}

/* ---- check calls ---- */

static bool judge_left(cake_session *session, uint32_t left)
{
    static const struct {
        uint32_t bit;
        cake_verdict verdict;
        const char *text;
    } table[] = {
        {CAKE_LEFT_MXCSR, CAKE_V_FPENV_CHANGED,
         "left another rounding mode, flush to zero or exception mask in MXCSR"},
        {CAKE_LEFT_X87_CONTROL, CAKE_V_FPENV_CHANGED, "left another x87 control word"},
        {CAKE_LEFT_X87, CAKE_V_ABI_CLOBBER, "left values on the x87 stack (MMX without emms)"},
        {CAKE_LEFT_DIRECTION, CAKE_V_ABI_CLOBBER, "left the direction flag set"},
        {CAKE_LEFT_REGISTERS, CAKE_V_ABI_CLOBBER, "did not preserve a callee-saved register"},
        {CAKE_LEFT_AFFINITY, CAKE_V_AFFINITY_CHANGED, "changed its thread's affinity"},
    };

    if (left & CAKE_LEFT_AVX_UPPER)
        cake_session_warn(session, "no-vzeroupper");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (left & table[i].bit)
            return cake_find(&session->finding, table[i].verdict, "%s", table[i].text);
    return true;
}

static bool call_single(cake_session *session)
{
    cake_request request = {.kind = CAKE_REQUEST_CALL};
    cake_reply reply;
    int64_t began = cake_clock_ns();
    double took;

    memcpy(request.call.data_offset, session->arena.data_offset, sizeof request.call.data_offset);
    if (!cake_process_ask(&session->process, &request, -1, &reply, &session->finding))
        return false;
    took = (double)(cake_clock_ns() - began);
    if (isnan(session->call_ns) || took < session->call_ns)
        session->call_ns = took;
    if (reply.outcome == CAKE_OUTCOME_WORKER)
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", reply.text);
    if (reply.returned != CAKE_DONE)
        return cake_find(&session->finding, CAKE_V_ERROR, "run returned %d%s%s", reply.returned,
                         *reply.text ? ": " : "", reply.text);
    return judge_left(session, reply.left);
}

static bool compare_outputs(cake_session *session, int trial)
{
    int32_t accuracy = session->item->kernel->accuracy;
    const cake_arena *arena = &session->arena;
    int output = 0;

    for (int i = 0; i < arena->count; i++) {
        cake_comparison result;

        if (arena->list->tensor[i].role != CAKE_ROLE_OUTPUT)
            continue;
        cake_compare(arena->list->tensor[i].name, &arena->tensor[i],
                     session->subject->trials[trial].expected[accuracy][output++],
                     cake_subject_exact(session->subject, trial, accuracy), &result);
        if (isnan(session->error_in_bounds) || result.error_in_bounds > session->error_in_bounds)
            session->error_in_bounds = result.error_in_bounds;
        if (result.verdict != CAKE_V_OK)
            return cake_find(&session->finding, result.verdict, "%s%s", result.text,
                             cake_subject_exact(session->subject, trial, accuracy) ? " (whole numbers: exact)" : "");
    }
    return true;
}

/* The outputs' logical elements, as bytes; NULL: no memory. */
static char *snapshot(const cake_arena *arena)
{
    uint64_t bytes = 0, used = 0;
    char *copy;

    for (int i = 0; i < arena->count; i++)
        if (arena->list->tensor[i].role == CAKE_ROLE_OUTPUT)
            bytes += (uint64_t)(cake_tensor_elements(&arena->tensor[i]) * cake_dtype_size(arena->tensor[i].dtype));
    copy = malloc(bytes ? bytes : 1);
    for (int i = 0; copy && i < arena->count; i++) {
        const cake_tensor *tensor = &arena->tensor[i];
        int64_t elements = cake_tensor_elements(tensor), width = cake_dtype_size(tensor->dtype);

        if (arena->list->tensor[i].role != CAKE_ROLE_OUTPUT)
            continue;
        for (int64_t e = 0; e < elements; e++, used += (uint64_t)width)
            memcpy(copy + used, (const char *)tensor->data + cake_tensor_offset(tensor, e) * width, (size_t)width);
    }
    return copy;
}

static bool same_outputs(cake_session *session, const char *before, cake_verdict otherwise, const char *text)
{
    const cake_arena *arena = &session->arena;
    uint64_t used = 0;
    char place[128];

    for (int i = 0; i < arena->count; i++) {
        const cake_tensor *tensor = &arena->tensor[i];
        int64_t elements = cake_tensor_elements(tensor), width = cake_dtype_size(tensor->dtype);

        if (arena->list->tensor[i].role != CAKE_ROLE_OUTPUT)
            continue;
        for (int64_t e = 0; e < elements; e++, used += (uint64_t)width) {
            const char *now = (const char *)tensor->data + cake_tensor_offset(tensor, e) * width;

            if (memcmp(before + used, now, (size_t)width) != 0)
                return cake_find(&session->finding, otherwise, "%s%s %s: %.9g, then %.9g",
                                 arena->list->tensor[i].name, cake_place_text(tensor, e, place, sizeof place), text,
                                 cake_element_load(tensor->dtype, before + used),
                                 cake_element_load(tensor->dtype, now));
        }
    }
    return true;
}

/* Long enough for a thread that was handed the work to be caught at it. */
static void wait_for_late_writes(void)
{
    struct timespec moment = {0, 2000000};

    while (nanosleep(&moment, &moment) != 0 && errno == EINTR && !cake_interrupted())
        ;
}

/* Place, call, look at everything; `repeat`: call again and expect the same bits. */
static bool check_at(cake_session *session, int trial, cake_placing placing, bool repeat)
{
    double *const *values = session->subject->trials[trial].values;
    char *before = NULL;
    bool good;

    cake_arena_place(&session->arena, placing, false, values);
    if (!call_single(session))
        return false;
    before = snapshot(&session->arena);
    if (!before)
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "no memory for a copy of the outputs");
    good = cake_arena_intact(&session->arena, values, &session->finding) && compare_outputs(session, trial);
    if (good)
        wait_for_late_writes();
    good = good && same_outputs(session, before, CAKE_V_LATE_WRITE, "changed after the call had returned");
    if (good && repeat) {
        cake_arena_poison(&session->arena);
        good = call_single(session) && same_outputs(session, before, CAKE_V_NONDETERMINISTIC,
                                                    "differs between two calls "
                                                    "with the same inputs");
    }
    free(before);
    return good;
}

bool cake_session_audit(cake_session *session, int trial, double *elapsed_ns)
{
    double *const *values = session->subject->trials[trial].values;
    double shortest = session->call_ns;
    bool good;

    cake_arena_place(&session->arena, CAKE_PLACE_TIMED, false, values);
    session->call_ns = NAN;
    good = call_single(session) && cake_arena_intact(&session->arena, values, &session->finding) &&
           compare_outputs(session, trial);
    *elapsed_ns = session->call_ns;
    session->call_ns = shortest;
    cake_arena_place(&session->arena, CAKE_PLACE_TIMED, false, session->subject->trials[CAKE_TRIALS - 1].values);
    return good;
}

bool cake_session_check(cake_session *session)
{
    cake_error error = {""};

    for (int trial = 0; trial < CAKE_TRIALS; trial++) {
        cake_placing constants = trial == 0 ? CAKE_PLACE_LEFT : CAKE_PLACE_RIGHT;
        bool last = trial == CAKE_TRIALS - 1;

        if (!cake_session_prepare(session, trial, constants))
            return false;
        if (cake_subject_expect(session->subject, trial, session->item->kernel->accuracy, &error) != CAKE_OK)
            return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "%s", error.text);
        if (!check_at(session, trial, CAKE_PLACE_LEFT, false) || !check_at(session, trial, CAKE_PLACE_RIGHT, last))
            return false;
    }
    return cake_usage_bound(session->process.pid, session->process.placement, &session->finding);
}
