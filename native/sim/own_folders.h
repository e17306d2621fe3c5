// Temporary folders of embedded VPPs, which end at the latest with their JavaScript environment.
#pragma once

#include <napi.h>

#include <set>
#include <string>

namespace vpp_punt::sim {

/// A worker that is terminated runs no JavaScript any more, but its environment is taken down: then the
/// folders are removed.
class OwnFolders {
 public:
  OwnFolders() = default;
  OwnFolders(const OwnFolders&) = delete;
  OwnFolders& operator=(const OwnFolders&) = delete;
  ~OwnFolders();

  /// Makes a folder of the template's name (mkdtemp). Returns its path, or -errno.
  static Napi::Value Make(const Napi::CallbackInfo& info);
  /// Removes a folder with all that is in it.
  static void Remove(const Napi::CallbackInfo& info);

 private:
  std::set<std::string> paths_;
};

}  // namespace vpp_punt::sim
