// The time and the CPU time that C programs of the benchmark report.
#pragma once

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

struct Stopwatch {
  double seconds;
  double cpu_seconds;
};

static inline struct Stopwatch start_stopwatch(void) {
  struct timespec now;
  struct rusage usage;
  clock_gettime(CLOCK_MONOTONIC, &now);
  getrusage(RUSAGE_SELF, &usage);
  return (struct Stopwatch){
      .seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9,
      .cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6};
}

// {"calls": int, "seconds": float, "cpu_us_per_call": float} since the start.
static inline void print_figures(const struct Stopwatch* start, long calls) {
  const struct Stopwatch now = start_stopwatch();
  printf("{\"calls\": %ld, \"seconds\": %.6f, \"cpu_us_per_call\": %.2f}\n", calls,
         now.seconds - start->seconds,
         (now.cpu_seconds - start->cpu_seconds) * 1e6 / (double)calls);
}
