// In place of native/util/close_elsewhere.cc: the fuzzing programs count what is open, and peers need no thread.
#include <unistd.h>

#include "util/close_elsewhere.h"

namespace vpp_punt {

void CloseElsewhere(int fd) {
  close(fd);
}

}  // namespace vpp_punt
