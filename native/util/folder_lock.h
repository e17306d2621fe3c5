// A lock over the entries of a folder.
#pragma once

#include <string>

#include "util/unique_fd.h"

namespace vpp_punt {

/// Serializes the processes that replace a file in the same folder. The kernel holds the lock (flock on the
/// folder itself): it leaves no file behind, and it ends with its process. Processes in other namespaces that
/// share the folder respect it too.
class FolderLock {
 public:
  /// Waits at most a second for another process, which needs microseconds. A process that keeps the lock must
  /// not stop this one: then the folder is used without the lock, and so is a folder that this process may
  /// not read, or a file system without locks.
  void Take(const std::string& path_in_folder);

 private:
  UniqueFd folder_;
};

}  // namespace vpp_punt
