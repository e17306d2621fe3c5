// Included before every source of the instrumented copy: which mutant is awake, and the two forms of each operator.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace mutant {

/// The file of VPP_PUNT_MUTANT_HITS in memory: a byte for each mutant that runs.
inline uint8_t* MapHits() {
  const char* path = getenv("VPP_PUNT_MUTANT_HITS");
  const int fd = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* bytes = mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return bytes == MAP_FAILED ? nullptr : static_cast<uint8_t*>(bytes);
}

inline int Awake() {
  const char* number = getenv("VPP_PUNT_MUTANT");
  return number == nullptr ? 0 : atoi(number);
}

inline const int awake = Awake();
inline uint8_t* const hits = MapHits();

inline bool Is(int id) {
  if (hits != nullptr) __atomic_store_n(&hits[id], 1, __ATOMIC_RELAXED);
  return awake == id;
}

#define VPP_PUNT_MUTANT_OF(name, ours, others) \
  template <typename L, typename R>            \
  inline auto name(int id, L l, R r) {         \
    using Result = decltype(l ours r);         \
    return Is(id) ? static_cast<Result>(l others r) : static_cast<Result>(l ours r); \
  }

VPP_PUNT_MUTANT_OF(Below, <, <=)
VPP_PUNT_MUTANT_OF(AtMost, <=, <)
VPP_PUNT_MUTANT_OF(Above, >, >=)
VPP_PUNT_MUTANT_OF(AtLeast, >=, >)
VPP_PUNT_MUTANT_OF(Same, ==, !=)
VPP_PUNT_MUTANT_OF(Differ, !=, ==)
VPP_PUNT_MUTANT_OF(Times, *, +)
VPP_PUNT_MUTANT_OF(Over, /, *)
VPP_PUNT_MUTANT_OF(Rest, %, /)
VPP_PUNT_MUTANT_OF(And, &, |)
VPP_PUNT_MUTANT_OF(Or, |, &)
VPP_PUNT_MUTANT_OF(Left, <<, >>)
VPP_PUNT_MUTANT_OF(Right, >>, <<)
VPP_PUNT_MUTANT_OF(Minus, -, +)
VPP_PUNT_MUTANT_OF(Plus, +, -)

template <typename T>
inline T More(int id, T value) {
  return Is(id) ? static_cast<T>(value + 1) : value;
}

inline std::memory_order Order(int id, std::memory_order order) {
  return Is(id) ? std::memory_order_relaxed : order;
}
inline int Order(int id, int order) {
  return Is(id) ? __ATOMIC_RELAXED : order;
}

}  // namespace mutant
