/* Records choices that no row should hold, whenever it can: too long, of several lines, no text at all. */
#include "fault.h"
#include "layercake/choice.h"

static const cake_host *the_host;

static void record(uint64_t number)
{
    static char longest[1 << 16];
    static const char *const texts[] = {NULL, "a,\"b\",c\r\nd;e\x1b[31m\xff\xc0", "", longest};
    const cake_choice *choice = the_host->extension(the_host, CAKE_CHOICE);

    memset(longest, '%', sizeof longest - 1);
    choice->record(the_host, texts[number % (sizeof texts / sizeof *texts)]);
    if (strlen(choice->recall(the_host)) > 127)
        abort();
    the_host->extension(the_host, NULL);
}

static int32_t open_and_record(const cake_kernel *kernel, const cake_problem *problem,
                               const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    static uint64_t opened;

    the_host = host;
    for (uint64_t i = 0; i < 4; i++)
        record(i);
    record(++opened % 2 ? 1 : 3);
    return fault_open(kernel, problem, constants, host, ctx);
}

static int32_t run(const fault_call *call)
{
    if (call->number <= FAULT_CHECK_CALLS)
        record(call->number);
    return fault_honest(call);
}

#define fault_open open_and_record
FAULT_PLUGIN(run)
