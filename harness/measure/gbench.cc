#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gbench_flags.h"

struct cake_gbench_state {
    benchmark::State &state;
    bool manual_time;
    bool started, finished, timed;
    int64_t left; /* iterations that were not asked for yet */
};

namespace
{

struct Registered {
    std::string name;
    cake_gbench_options options;
    cake_gbench_function *function;
    void *user;
};

/* What Google Benchmark has no place for, or forgets between two runs. */
struct Library {
    bool initialised = false;
    bool running = false;
    int64_t default_iterations = 0; /* --benchmark_min_time=100x */
    std::string out_format = "json";
    std::ofstream out;
    std::unique_ptr<benchmark::BenchmarkReporter> out_reporter; /* NULL: no file */
    bool out_begun = false;
    std::vector<Registered> registered;
};

Library library;

bool fail(cake_gbench_error *error, const std::string &text)
{
    if (error)
        std::snprintf(error->text, sizeof error->text, "%s", text.c_str());
    return false;
}

/* --- Flags --------------------------------------------------------------------------------------------------- */

/* The present run's file. Google Benchmark would open it anew, and so empty, in each run. */
std::unique_ptr<benchmark::BenchmarkReporter> make_file_reporter(const std::string &format)
{
    if (format == "console")
        return std::make_unique<benchmark::ConsoleReporter>(benchmark::ConsoleReporter::OO_None);
    if (format == "json")
        return std::make_unique<benchmark::JSONReporter>();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    return std::make_unique<benchmark::CSVReporter>();
#pragma GCC diagnostic pop
}

bool finish_file(cake_gbench_error *error)
{
    if (!library.out_reporter)
        return true;
    if (!library.out_begun)
        library.out_reporter->ReportContext(benchmark::BenchmarkReporter::Context());
    library.out_reporter->Finalize();
    library.out_reporter.reset();
    library.out.close();
    return library.out.good() || fail(error, "the file of --benchmark_out could not be written");
}

bool open_file(const std::string &name, cake_gbench_error *error)
{
    if (!finish_file(error))
        return false;
    library.out = std::ofstream(name);
    if (!library.out)
        return fail(error, "--benchmark_out: cannot open '" + name + "': " + std::strerror(errno));
    library.out_reporter = make_file_reporter(library.out_format);
    library.out_reporter->SetOutputStream(&library.out);
    library.out_begun = false;
    return true;
}

bool initialise(int *argc, char **argv, cake_gbench_error *error)
{
    static char program[] = "benchmark";
    std::vector<std::string> taken; /* for Google Benchmark */
    std::vector<char *> rest;       /* for the caller */
    std::string out, format = library.out_format;
    int64_t iterations = library.default_iterations;

    for (int i = 1; i < *argc; i++) {
        cake_gbench_flag flag;

        if (!cake_gbench_flag_parse(argv[i], &flag)) {
            rest.push_back(argv[i]);
            continue;
        }
        const std::string name = flag.name;
        std::string value = flag.value;

        if (!flag.valid)
            return fail(error, "--" + name + ": expected " + flag.expected + ", found '" + value + "'");
        if (name == "benchmark_out") {
            out = value;
        } else if (name == "benchmark_out_format") {
            format = value;
        } else if (name == "benchmark_min_time" && value.back() == 'x') {
            iterations = std::stoll(value);
        } else if (name == "benchmark_min_time") {
            iterations = 0;
            taken.push_back("--benchmark_min_time=" + value.substr(0, value.find('s')) + CAKE_GBENCH_SECONDS_SUFFIX);
        } else {
            taken.push_back("--" + name + "=" + value);
        }
    }

    library.out_format = format;
    if (!out.empty() && !open_file(out, error))
        return false;
    library.default_iterations = iterations;
    /* Our reporter writes the file; Google Benchmark must only think that there is one. */
    if (!out.empty() || !library.initialised)
        taken.push_back(std::string("--benchmark_out=") + (out.empty() ? "" : "/dev/null"));

    std::vector<char *> google = {*argc > 0 ? argv[0] : program};
    for (std::string &argument : taken)
        google.push_back(&argument[0]);
    int google_argc = static_cast<int>(google.size());
    google.push_back(nullptr);
    benchmark::Initialize(&google_argc, google.data());
    if (google_argc > 1)
        return fail(error, std::string("Google Benchmark does not understand ") + google[1]);
    library.initialised = true;

    for (size_t i = 0; i < rest.size(); i++)
        argv[i + 1] = rest[i];
    if (*argc > 0) {
        *argc = 1 + static_cast<int>(rest.size());
        argv[*argc] = nullptr;
    }
    return true;
}

/* --- Reports ------------------------------------------------------------------------------------------------- */

/* A run's error: two members changed their names in 1.8. */
template <class Run>
auto error_of(const Run &run, int) -> decltype(run.skip_message, std::string())
{
    return static_cast<int>(run.skipped) ? run.skip_message : std::string();
}

template <class Run>
auto error_of(const Run &run, long) -> decltype(run.error_message, std::string())
{
    return run.error_occurred ? run.error_message : std::string();
}

void report_run(const benchmark::BenchmarkReporter::Run &run, cake_gbench_report *report, void *user)
{
    const bool aggregate = run.run_type == benchmark::BenchmarkReporter::Run::RT_Aggregate;
    const bool share = aggregate && run.aggregate_unit == benchmark::kPercentage;
    const double per_ns = 1e9 / benchmark::GetTimeUnitMultiplier(run.time_unit);
    const std::string full_name = run.benchmark_name(), error = error_of(run, 0);
    std::vector<cake_gbench_counter> counters;

    for (const auto &counter : run.counters)
        counters.push_back({counter.first.c_str(), counter.second.value});

    cake_gbench_result result = {};
    result.name = run.run_name.function_name.c_str();
    result.full_name = full_name.c_str();
    result.aggregate = aggregate ? run.aggregate_name.c_str() : nullptr;
    result.label = run.report_label.c_str();
    result.error = error.empty() ? nullptr : error.c_str();
    result.is_share = share;
    result.repetition = aggregate ? -1 : run.repetition_index;
    result.iterations = run.iterations;
    result.real_time_ns = share ? run.real_accumulated_time : run.GetAdjustedRealTime() * per_ns;
    result.cpu_time_ns = share ? run.cpu_accumulated_time : run.GetAdjustedCPUTime() * per_ns;
    result.n_counters = counters.size();
    result.counters = counters.data();
    report(&result, user);
}

/* Hands each run to a C function. */
class CallbackReporter : public benchmark::BenchmarkReporter
{
  public:
    CallbackReporter(cake_gbench_report *report, void *user) : report_(report), user_(user)
    {
    }

    bool ReportContext(const Context &) override
    {
        return true;
    }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs)
            report_run(run, report_, user_);
    }

  private:
    cake_gbench_report *report_;
    void *user_;
};

/* Hands each run to the file that stays open between runs. */
class FileReporter : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context &context) override
    {
        if (!library.out_begun)
            library.out_reporter->ReportContext(context);
        library.out_begun = true;
        return true;
    }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        library.out_reporter->ReportRuns(runs);
    }
};

/* --- Benchmarks ---------------------------------------------------------------------------------------------- */

void call(const Registered &entry, benchmark::State &google)
{
    cake_gbench_state state = {google, entry.options.manual_time, false, false, false, 0};

    entry.function(&state, entry.user);
    if (!state.finished)
        cake_gbench_skip(&state, "the benchmark's function returned before its iterations were done");
}

bool check(const char *name, const cake_gbench_options *options, cake_gbench_error *error)
{
    if (!name || !*name)
        return fail(error, "a benchmark needs a name");
    if (!options)
        return true;
    if (options->iterations < 0 || options->repetitions < 0 || !(options->min_time_s >= 0) ||
        !(options->min_warmup_s >= 0))
        return fail(error, std::string(name) + ": iterations, repetitions and times must be 0 or more");
    if (options->iterations && (options->min_time_s > 0 || options->min_warmup_s > 0))
        return fail(error, std::string(name) + ": expected a number of iterations or a minimal time, found both");
    return true;
}

void give_google(const Registered &entry)
{
    const cake_gbench_options &options = entry.options;
    const int64_t iterations =
        options.iterations || options.min_time_s > 0 ? options.iterations : library.default_iterations;
    auto *google =
        benchmark::RegisterBenchmark(entry.name.c_str(), [entry](benchmark::State &state) { call(entry, state); });

    if (options.manual_time)
        google->UseManualTime();
    if (iterations)
        google->Iterations(iterations);
    if (options.repetitions)
        google->Repetitions(options.repetitions);
    if (options.min_time_s > 0)
        google->MinTime(options.min_time_s);
    if (options.min_warmup_s > 0)
        google->MinWarmUpTime(options.min_warmup_s);
}

/* Run `benchmarks`, those that match. Returns their number. */
int64_t run(const std::vector<const Registered *> &benchmarks, const std::string &filter, cake_gbench_report *report,
            void *report_user)
{
    CallbackReporter callback(report, report_user);
    FileReporter file;
    benchmark::BenchmarkReporter *display = report ? &callback : benchmark::CreateDefaultDisplayReporter();
    size_t count;

    benchmark::ClearRegisteredBenchmarks();
    for (const Registered *entry : benchmarks)
        give_google(*entry);
    count = benchmark::RunSpecifiedBenchmarks(display, library.out_reporter ? &file : nullptr, filter);
    benchmark::ClearRegisteredBenchmarks();
    return static_cast<int64_t>(count);
}

/* Sets a flag while it lives. */
struct Guard {
    bool &flag;

    explicit Guard(bool &guarded) : flag(guarded)
    {
        flag = true;
    }

    ~Guard()
    {
        flag = false;
    }
};

/* Call `body`, which returns T; `failed` with the message if it throws. */
template <class T, class Body>
T guarded(cake_gbench_error *error, T failed, Body body)
{
    try {
        return body();
    } catch (const std::exception &exception) {
        fail(error, exception.what());
    } catch (...) {
        fail(error, "unknown C++ exception");
    }
    return failed;
}

} /* namespace */

bool cake_gbench_init(int *argc, char **argv, cake_gbench_error *error)
{
    return guarded(error, false, [&] { return initialise(argc, argv, error); });
}

bool cake_gbench_finish(cake_gbench_error *error)
{
    return guarded(error, false, [&] {
        static char program[] = "benchmark", no_file[] = "--benchmark_out=";
        char *argv[] = {program, no_file, nullptr};
        int argc = 2;
        const bool had_file = library.out_reporter != nullptr;

        if (had_file)
            benchmark::Initialize(&argc, argv);
        return finish_file(error);
    });
}

const char *cake_gbench_version(void)
{
    return CAKE_GBENCH_VERSION;
}

bool cake_gbench_register(const char *name, const cake_gbench_options *options, cake_gbench_function *function,
                          void *user, cake_gbench_error *error)
{
    return guarded(error, false, [&] {
        if (!check(name, options, error))
            return false;
        library.registered.push_back({name, options ? *options : cake_gbench_options(), function, user});
        return true;
    });
}

void cake_gbench_clear(void)
{
    library.registered.clear();
}

int64_t cake_gbench_run(const char *filter, cake_gbench_report *report, void *report_user, cake_gbench_error *error)
{
    return guarded(error, int64_t(-1), [&]() -> int64_t {
        int no_arguments = 0;

        if (library.running || (filter && !cake_gbench_is_regex(filter))) {
            fail(error, library.running ? "a benchmark is running already"
                                        : std::string("not an extended regular expression: '") + filter + "'");
            return -1;
        }
        if (!library.initialised && !initialise(&no_arguments, nullptr, error))
            return -1;
        Guard guard(library.running);
        std::vector<const Registered *> all;
        std::string pattern = filter ? filter : benchmark::GetBenchmarkFilter();

        for (const Registered &entry : library.registered)
            all.push_back(&entry);
        return all.empty() ? 0 : run(all, pattern.empty() ? "." : pattern, report, report_user);
    });
}

bool cake_gbench_run_one(const char *name, const cake_gbench_options *options, cake_gbench_function *function,
                         void *user, cake_gbench_report *report, void *report_user, cake_gbench_error *error)
{
    return guarded(error, false, [&] {
        int no_arguments = 0;

        if (!check(name, options, error))
            return false;
        if (library.running)
            return fail(error, "a benchmark is running already");
        if (!library.initialised && !initialise(&no_arguments, nullptr, error))
            return false;
        Guard guard(library.running);
        const Registered entry = {name, options ? *options : cake_gbench_options(), function, user};

        run({&entry}, ".", report, report_user);
        return true;
    });
}

int64_t cake_gbench_next_batch(cake_gbench_state *state, int64_t limit)
{
    if (state->finished)
        return 0;
    if (!state->started) {
        state->started = true;
        state->left = state->state.max_iterations;
    } else if (state->manual_time && !state->timed) {
        cake_gbench_skip(state, "the benchmark's function did not set the manual time of a batch");
    }

    const int64_t n = limit > 0 && limit < state->left ? limit : state->left;

    /* With none left this is the call that ends the run. */
    if (!state->state.KeepRunningBatch(n > 0 ? n : 1)) {
        state->finished = true;
        return 0;
    }
    state->left -= n;
    state->timed = false;
    return n;
}

void cake_gbench_set_time(cake_gbench_state *state, double seconds)
{
    if (!std::isfinite(seconds) || seconds < 0) {
        cake_gbench_skip(state, "the manual time must be finite and not negative");
        return;
    }
    state->state.SetIterationTime(seconds);
    state->timed = true;
}

void cake_gbench_set_counter(cake_gbench_state *state, const char *name, double value, cake_gbench_counter_kind kind)
{
    const auto flag = kind == CAKE_GBENCH_RATE            ? benchmark::Counter::kIsRate
                      : kind == CAKE_GBENCH_PER_ITERATION ? benchmark::Counter::kAvgIterations
                                                          : benchmark::Counter::kDefaults;
    const bool set = guarded(nullptr, false, [&] {
        state->state.counters[name] = benchmark::Counter(value, flag);
        return true;
    });

    if (!set)
        cake_gbench_skip(state, "out of memory");
}

void cake_gbench_set_label(cake_gbench_state *state, const char *label)
{
    const bool set = guarded(nullptr, false, [&] {
        state->state.SetLabel(label);
        return true;
    });

    if (!set)
        cake_gbench_skip(state, "out of memory");
}

void cake_gbench_skip(cake_gbench_state *state, const char *message)
{
    state->timed = true; /* ask no more for the time of this batch */
    guarded(nullptr, false, [&] {
        state->state.SkipWithError(message);
        return true;
    });
}
