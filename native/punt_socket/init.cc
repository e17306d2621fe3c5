#include "punt_socket/init.h"

#include <grp.h>
#include <unistd.h>

#include <vector>

#include "punt_socket/injector.h"
#include "punt_socket/punt_socket.h"

namespace vpp_punt {

namespace {

/// groupId(name) -> the group's number, or undefined when the system does not know the group
Napi::Value GroupId(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  std::vector<char> buffer(1 << 16);
  group entry;
  group* found = nullptr;
  getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found ? Napi::Number::New(info.Env(), found->gr_gid) : info.Env().Undefined();
}

}  // namespace

void InitPuntSocket(Napi::Env env, Napi::Object exports) {
  punt_socket::PuntSocket::Init(env, exports);
  punt_socket::PuntInjector::Init(env, exports);
  exports.Set("groupId", Napi::Function::New(env, GroupId, "groupId"));
}

}  // namespace vpp_punt
