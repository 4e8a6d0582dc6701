#!/bin/bash
# inject.sh BUILD [--long]: an error in each of the program's and its workers' system calls in turn, under a good plugin.
#
# Whatever the system refuses, the plugin's row says `ok` or `harness-error`, or the program says that it could not go on;
# no verdict against the plugin, no death by a signal, no hang. Prints a table, and fails if a line of it is wrong.
# Exit 77 where strace cannot inject.
set -u
build=$1
long=${2:-}
work=$(mktemp -d /tmp/layercake-inject-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
# Peaks are measured once, not in every run.
export XDG_CACHE_HOME=$work/cache
command=("$build/layercake" run --plugin "$build/plugins/template.so" --repetitions 2 --min-time 1ms --timeout 8s
  --out out 'linear rows=4 in=9 out=5')

strace -qq -o /dev/null -e inject=getuid:error=EPERM:when=100 true 2>/dev/null || exit 77
"${command[@]}" >/dev/null 2>&1 || { echo "inject.sh: the plugin is not good here"; exit 3; }

# Ends that are not the program's to prevent: the C library's own calls at its very end or in its locks.
spared='^(exit|exit_group|execve|rt_sigreturn|futex|restart_syscall|arch_prctl|set_tid_address|set_robust_list|rseq)$'

errors() { # SYSCALL: what it is refused with
  case $1 in
    read | write | pread64 | pwrite64 | fsync | fdatasync | ftruncate | lseek | getdents64) echo EIO ENOSPC ;;
    mmap | brk | mprotect | mremap | madvise | munmap | clone | clone3 | vfork | memfd_create) echo ENOMEM EAGAIN ;;
    socketpair | pipe2 | openat | dup* | fcntl | socket | perf_event_open) echo EMFILE EINTR ;;
    sendmsg | sendto | recvfrom | recvmsg | ppoll | poll | wait4 | waitid | clock_nanosleep) echo EINTR ECONNRESET ;;
    *) echo EPERM EINTR ;;
  esac
}

how() { # SYSCALL ERROR: brk tells of a failure by the old break, not by an error
  if [ "$1" = brk ]; then echo retval=0; else echo "error=$2"; fi
}

# Deaths that are not ours to prevent: of the C library's loader, before the program's first line; and of PAPI, which
# reads /proc/PID/maps and mounts of its own process and believes whatever comes.
strace -qq -o trace -e trace=mmap "$build/layercake" --version >/dev/null
loading=$(grep -c mmap trace)
not_ours() { # SYSCALL WHEN
  { [ "$1" = mmap ] && [ "$2" -le "$loading" ]; } ||
    { [ "$1" = read ] && grep -qE '/proc/[0-9]+/(maps|mounts)>.*INJECTED' trace; }
}

verdict_of() { # STATUS: of the run in out/ and said
  local status=$1 rows other
  if [ "$status" -eq 124 ]; then echo HANG; return; fi
  if [ "$status" -eq 137 ]; then echo KILLED; return; fi
  if [ "$status" -ge 128 ] && [ "$status" -ne 130 ]; then echo "CRASH:$((status - 128))"; return; fi
  if [ -f out/results.csv ]; then
    rows=$(tail -n +2 out/results.csv | cut -d, -f16)
    other=$(echo "$rows" | grep -vE '^(ok|harness-error|)$' | head -n1)
    if [ -n "$other" ]; then echo "WRONG:$other"; return; fi
    if [ -n "$rows" ]; then echo "$rows" | head -n1; return; fi
  fi
  other=$(grep -oE '(mismatch|stale-output|late-write|nondeterministic|input-modified|oob-write|oob-read|crash|exited|timeout|leak|oom|error|unsupported|abi-mismatch|load-error|unsafe-file|sandbox-violation|impossible|threads-exceeded|harness-error): ' said |
    head -n1)
  case $other in
    '' | 'harness-error: ' | 'error: ') echo "refused" ;;
    *) echo "WRONG:${other%: }" ;;
  esac
}

bad=0
runs=0
declare -A seen
sweep() { # WHO STRACE_OPTION...
  local who=$1 name count when error result line # the workers' sweep meets the coordinator's calls again: once will do
  shift
  rm -rf out
  strace -qq "$@" -c -o counts "${command[@]}" >/dev/null 2>&1
  while read -r name count; do
    [[ $name =~ $spared ]] && continue
    local places=("$count")
    [ "$count" -gt 2 ] && places=($(((count + 1) / 2)))
    [ "$count" -gt 2 ] && [ "$who" = coordinator ] && places+=("$count")
    [ "$count" -gt 2 ] && [ "$count" -le 20 ] && [ "$who" = workers ] && places+=(1)
    [ -n "$long" ] && mapfile -t places < <(seq 1 "$((count / 40 + 1))" "$count")
    seen=()
    line=
    for error in $(errors "$name"); do
      for when in "${places[@]}"; do
        rm -rf out
        timeout -k 2 30 strace -qq -y "$@" -o trace -e trace="$name" -e inject="$name:$(how "$name" "$error"):when=$when" \
          "${command[@]}" >said 2>&1
        result=$(verdict_of $?)
        case $result in CRASH*) not_ours "$name" "$when" && result="in-a-library" ;; esac
        runs=$((runs + 1))
        seen[$result]=$((${seen[$result]:-0} + 1))
        case $result in
          WRONG* | CRASH* | HANG | KILLED)
            bad=$((bad + 1))
            line+=" [$error at call $when: $(head -c 200 said | tr '\n' ' ')$(tail -n +2 out/results.csv 2>/dev/null | cut -d, -f16,17 | head -c 200)]"
            ;;
        esac
      done
      [ -n "$long" ] || break
    done
    printf '%-12s %-18s %5d calls ' "$who" "$name" "$count"
    for result in "${!seen[@]}"; do printf ' %s x%d' "$result" "${seen[$result]}"; done
    printf '%s\n' "$line"
  done < <(awk '/^ *[0-9]/ && $NF != "total" { print $NF == "syscall" ? "" : $NF, $4 }' counts)
}

sweep coordinator
sweep workers -f
echo "$runs runs, $bad wrong"
[ "$bad" -eq 0 ]
