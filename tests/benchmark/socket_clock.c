// To be preloaded: notes when a client gives a request to its socket and when it gets a reply from
// it. When the client ends, the file that SOCKET_CLOCK names has a line "request SECONDS" for each
// basic.publish it sent, at the beginning of the send(), and a line "reply SECONDS" for each
// basic.deliver, at the end of the recv(). It knows nothing of what the client itself measures.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

// A method frame: its type, the channel, its size, the class "basic" and the method.
enum { frame_start = 1, channel = 1, basic = 60, publish = 40, deliver = 60, head_size = 11 };

struct Note {
  const char* what;
  double seconds;
};

static struct Note* notes;
static size_t note_count;
static size_t note_room;

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void note(const char* what, double seconds) {
  if (note_count == note_room) {
    note_room = note_room == 0 ? 4096 : note_room * 2;
    notes = realloc(notes, note_room * sizeof *notes);
    if (notes == NULL) {
      abort();
    }
  }
  notes[note_count++] = (struct Note){what, seconds};
}

static void note_methods(const void* data, ssize_t size, unsigned char method, const char* what,
                         double seconds) {
  const unsigned char* bytes = data;
  for (ssize_t i = 0; i + head_size <= size; ++i) {
    const unsigned char* at = bytes + i;
    if (at[0] == frame_start && at[1] == 0 && at[2] == channel && at[7] == 0 && at[8] == basic &&
        at[9] == 0 && at[10] == method) {
      note(what, seconds);
    }
  }
}

typedef ssize_t Send(int, const void*, size_t, int);
typedef ssize_t Receive(int, void*, size_t, int);

ssize_t send(int socket, const void* data, size_t size, int flags) {
  static Send* next;
  if (next == NULL) {
    next = (Send*)dlsym(RTLD_NEXT, "send");
  }
  const double began = seconds_now();
  const ssize_t sent = next(socket, data, size, flags);
  const int error = errno;
  note_methods(data, sent, publish, "request", began);
  errno = error;
  return sent;
}

ssize_t recv(int socket, void* data, size_t size, int flags) {
  static Receive* next;
  if (next == NULL) {
    next = (Receive*)dlsym(RTLD_NEXT, "recv");
  }
  const ssize_t received = next(socket, data, size, flags);
  const int error = errno;
  note_methods(data, received, deliver, "reply", seconds_now());
  errno = error;
  return received;
}

__attribute__((destructor)) static void write_notes(void) {
  const char* path = getenv("SOCKET_CLOCK");
  FILE* file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) {
    return;
  }
  for (size_t i = 0; i < note_count; ++i) {
    fprintf(file, "%s %.9f\n", notes[i].what, notes[i].seconds);
  }
  fclose(file);
}
