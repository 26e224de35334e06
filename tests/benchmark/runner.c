// runner ROUNDS DIRECTORY
// Reads commands from stdin, one a line with its words parted by tabs, and runs all of them ROUNDS
// times, one at a time and in a new order each round, so that a busy moment of the machine does not
// fall on one of them alone. The order is the same in every run of this program.
// Command number N gets DIRECTORY/N.out and DIRECTORY/N.err appended to.
// Prints for each run: N ROUND WALL_NS CPU_US MAXRSS_KB STATUS (the exit code, or 128 + signal).
// It is small and static because a child's ru_maxrss starts from that of its parent.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { commands_max = 64, words_max = 32, line_max = 8192, pause_us = 20000 };

struct Command {
  char* words[words_max + 1];
  int out;
  int err;
};

static long long nanoseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int open_output(const char* directory, int number, const char* suffix) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%d.%s", directory, number, suffix);
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    perror(path);
    exit(2);
  }
  return fd;
}

static int read_commands(struct Command* commands, const char* directory) {
  char line[line_max];
  int count = 0;
  while (count < commands_max && fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    int words = 0;
    for (char* word = strtok(line, "\t"); word != NULL && words < words_max;
         word = strtok(NULL, "\t")) {
      commands[count].words[words++] = strdup(word);
    }
    commands[count].words[words] = NULL;
    commands[count].out = open_output(directory, count, "out");
    commands[count].err = open_output(directory, count, "err");
    ++count;
  }
  return count;
}

static void run(const struct Command* command, int number, int round) {
  struct rusage usage;
  int status = 0;
  const long long start = nanoseconds_now();
  const pid_t child = vfork();
  if (child == 0) {
    dup2(command->out, STDOUT_FILENO);
    dup2(command->err, STDERR_FILENO);
    execv(command->words[0], command->words);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    perror(command->words[0]);
    exit(2);
  }
  const long long wall = nanoseconds_now() - start;
  const long long cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
                        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  printf("%d %d %lld %lld %ld %d\n", number, round, wall, cpu, usage.ru_maxrss,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char** argv) {
  static struct Command commands[commands_max];
  if (argc != 3) {
    fprintf(stderr, "usage: runner ROUNDS DIRECTORY\n");
    return 2;
  }
  const int rounds = atoi(argv[1]);
  const int count = read_commands(commands, argv[2]);
  int order[commands_max];
  for (int i = 0; i < count; ++i) {
    order[i] = i;
  }
  for (int round = 0; round < rounds; ++round) {
    for (int i = count - 1; i > 0; --i) {
      const int j = rand() % (i + 1);
      const int other = order[i];
      order[i] = order[j];
      order[j] = other;
    }
    for (int i = 0; i < count; ++i) {
      usleep(pause_us);
      run(&commands[order[i]], order[i], round);
    }
  }
  return 0;
}
