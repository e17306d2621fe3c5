// How many descriptors this process has open: a target that leaves one open has lost it.
#pragma once

#include <dirent.h>

#include <cstddef>

#include "input.h"

namespace fuzz {

inline size_t OpenDescriptors() {
  DIR* folder = opendir("/proc/self/fd");
  Expect(folder != nullptr);
  size_t count = 0;
  while (readdir(folder) != nullptr) count++;
  closedir(folder);
  return count;
}

}  // namespace fuzz
