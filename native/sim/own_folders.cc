// Makes and removes the temporary folders of embedded VPPs.
#include "sim/own_folders.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "env_state.h"

namespace vpp_punt::sim {

namespace {

/// Does not follow symbolic links. A file that cannot be removed stays.
void RemoveAll(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
}

}  // namespace

OwnFolders::~OwnFolders() {
  for (const auto& path : paths_) RemoveAll(path);
}

Napi::Value OwnFolders::Make(const Napi::CallbackInfo& info) {
  std::string path = info[0].As<Napi::String>();
  if (mkdtemp(path.data()) == nullptr) return Napi::Number::New(info.Env(), -errno);
  EnvState::Of(info.Env())->own_folders.paths_.insert(path);
  return Napi::String::New(info.Env(), path);
}

void OwnFolders::Remove(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  RemoveAll(path);
  EnvState::Of(info.Env())->own_folders.paths_.erase(path);
}

}  // namespace vpp_punt::sim
