#include "punt_socket/init.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "punt_socket/injector.h"
#include "punt_socket/punt_socket.h"
#include "util/error.h"

namespace vpp_punt {

namespace {

constexpr size_t kMostGroupBytes = 64 << 20;

/// groupId(op, name) -> the group's number, or undefined when the system does not know the group
Napi::Value GroupId(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[1].As<Napi::String>().Utf8Value();
  group entry;
  group* found = nullptr;
  int error = ERANGE;
  // The names of all members must fit.
  for (size_t size = 1 << 16; error == ERANGE && size <= kMostGroupBytes; size *= 2) {
    std::vector<char> buffer(size);
    error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found) return Napi::Number::New(env, found->gr_gid);
  }
  // A system without a file of groups says ENOENT.
  if (error != 0 && error != ENOENT && error != ESRCH)
    ThrowErrno(env, info[0].As<Napi::String>().Utf8Value(), "group " + name, error);
  return env.Undefined();
}

}  // namespace

void InitPuntSocket(Napi::Env env, Napi::Object exports) {
  punt_socket::PuntSocket::Init(env, exports);
  punt_socket::PuntInjector::Init(env, exports);
  exports.Set("groupId", Napi::Function::New(env, GroupId, "groupId"));
}

}  // namespace vpp_punt
