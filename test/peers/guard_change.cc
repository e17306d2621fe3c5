// A guard of memory that changes hands while the SIGBUS handler runs. For each instruction of the handler: a
// child faults, stops before that instruction, and another thread gives the entry that is looked at first to
// other memory. Only the memory that faulted may become zeros. Prints what broke, and "held" or "broken".
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

#include "memif/shared/sigbus.h"

namespace {

using vpp_punt::memif::GuardMemory;
using vpp_punt::memif::UnguardMemory;

constexpr size_t kPage = 4096;
constexpr size_t kManyPages = 64;
constexpr uint8_t kMark = 0x5a;
constexpr int kMostInstructions = 5000;

enum Verdict {
  kHeld = 0,
  kNotTraced = 9,
  kNotRead = 10,
  kNotNoted = 11,
  kOtherNoted = 12,
  kOtherChanged = 13
};

uint8_t* Map(size_t pages) {
  void* data = mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(data, kMark, pages * kPage);
  return static_cast<uint8_t*>(data);
}

/// A page whose file has been truncated: reading it raises SIGBUS.
void MapTruncated(uint8_t* at) {
  const int file = memfd_create("truncated", MFD_CLOEXEC);
  if (ftruncate(file, kPage) < 0) _exit(2);
  mmap(at, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  if (ftruncate(file, 0) < 0) _exit(2);
}

/// In the child. Waits for a byte on `go` to let the first guard change hands, and answers on `done`.
[[noreturn]] void Fault(int go, int done) {
  uint8_t* const arena = Map(2 + kManyPages);  // one page guarded, the truncated one, and foreign ones
  uint8_t* const other = Map(kManyPages);
  uint8_t* const truncated = arena + kPage;
  MapTruncated(truncated);
  std::atomic<bool> arena_hit{false}, other_hit{false}, hit{false};
  const int first = GuardMemory(arena, kPage, &arena_hit);
  GuardMemory(truncated, kPage, &hit);
  std::thread([&] {
    char byte;
    if (read(go, &byte, 1) != 1) return;
    UnguardMemory(first);
    GuardMemory(other, kManyPages * kPage, &other_hit);
    if (write(done, &byte, 1) != 1) _exit(2);
  }).detach();
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) < 0) _exit(kNotTraced);
  raise(SIGSTOP);
  if (*static_cast<volatile uint8_t*>(truncated) != 0) _exit(kNotRead);
  if (!hit) _exit(kNotNoted);
  if (arena_hit || other_hit) _exit(kOtherNoted);
  if (arena[0] != kMark || arena[2 * kPage] != kMark || other[0] != kMark) _exit(kOtherChanged);
  _exit(kHeld);
}

/// Lets the child run to its next stop. Returns the signal that it stopped with; 0 if it has ended.
int Resume(pid_t child, enum __ptrace_request how, int signal, int* status) {
  ptrace(how, child, nullptr, reinterpret_cast<void*>(static_cast<intptr_t>(signal)));
  waitpid(child, status, 0);
  return WIFSTOPPED(*status) ? WSTOPSIG(*status) : 0;
}

/// One child, whose guard changes hands before the handler's instruction `at`. Returns how the child ended.
/// `reached`: the handler has that many instructions.
int Try(int at, bool* reached) {
  int go[2], done[2];
  if (pipe(go) < 0 || pipe(done) < 0) return 2;
  const pid_t child = fork();
  if (child == 0) Fault(go[0], done[1]);
  int status = 0;
  waitpid(child, &status, 0);
  int signal = WIFSTOPPED(status) ? Resume(child, PTRACE_CONT, 0, &status) : 0;
  if (signal == SIGBUS) signal = Resume(child, PTRACE_SINGLESTEP, SIGBUS, &status);
  for (int i = 0; i < at && signal == SIGTRAP; i++) signal = Resume(child, PTRACE_SINGLESTEP, 0, &status);
  *reached = signal == SIGTRAP;
  char byte = 0;
  if (*reached && write(go[1], &byte, 1) == 1 && read(done[0], &byte, 1) == 1) {
    signal = Resume(child, PTRACE_CONT, 0, &status);
    if (signal != 0) kill(child, SIGKILL);
  }
  for (const int fd : {go[0], go[1], done[0], done[1]}) close(fd);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main() {
  int broken = 0, at = 0;
  for (bool reached = true; reached && at < kMostInstructions; at++) {
    const int verdict = Try(at, &reached);
    if (verdict == kNotTraced) return puts("not traced"), 0;
    if (verdict != kHeld) printf("instruction %d: verdict %d\n", at, verdict), broken++;
  }
  printf("%s\n", at > 100 && broken == 0 ? "held" : "broken");
}
