#include "registry/structure_worker.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

/* Address space: RDKit's own code and tables take about 300 MiB of it. */
enum { MEMORY_MIB_ = 1024, FILES_ = 16 };

static bool limit(__rlimit_resource_t what, rlim_t value)
{
    struct rlimit both = {value, value};
    return setrlimit(what, &both) == 0;
}

bool dl__fence_limits(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    if (!limit(RLIMIT_AS, (rlim_t)MEMORY_MIB_ * 1024 * 1024)) {
        return false;
    }
#endif
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, FILES_) && limit(RLIMIT_FSIZE, 0) &&
           prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

/* What reading, computing, answering and dying need. */
static const int calls[] = {
    SCMP_SYS(read),          SCMP_SYS(write),        SCMP_SYS(brk),
    SCMP_SYS(mmap),          SCMP_SYS(munmap),       SCMP_SYS(mremap),
    SCMP_SYS(madvise),       SCMP_SYS(futex),        SCMP_SYS(setitimer),
    SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(exit_group),    SCMP_SYS(exit),         SCMP_SYS(gettid),
    SCMP_SYS(getpid),        SCMP_SYS(tgkill),       SCMP_SYS(sched_yield),
    SCMP_SYS(getrandom),     SCMP_SYS(gettimeofday), SCMP_SYS(mprotect),
    SCMP_SYS(newfstatat),    SCMP_SYS(fstat),        SCMP_SYS(sysinfo),
#if defined(__SANITIZE_ADDRESS__)
    SCMP_SYS(sigaltstack),   SCMP_SYS(close),        SCMP_SYS(readlink),
    SCMP_SYS(openat),        SCMP_SYS(lseek),        SCMP_SYS(prctl),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(getppid),       SCMP_SYS(pipe2),
#endif
};

bool dl__fence_calls(void)
{
    bool ok = false;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0) {
            goto out;
        }
    }
    ok = seccomp_load(filter) == 0;
out:
    seccomp_release(filter);
    return ok;
}

/* Processor time, not the clock: a busy machine must not make an honest structure fail. The signal
 * ends the process; the client answers for the request that was being worked on. */
void dl__fence_watch(bool on)
{
    struct itimerval timer = {0};
    if (on) {
        timer.it_value.tv_usec = (suseconds_t)DL_WORKER_CPU_MS * 1000;
    }
    int result = setitimer(ITIMER_PROF, &timer, NULL);
    DL_ASSERT(result == 0, "a timer can be set");
}
