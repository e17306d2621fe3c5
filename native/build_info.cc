#include "build_info.h"

#include "backends.h"

#if VPP_PUNT_HAS_LIBMEMIF
extern "C" {
#include <libmemif.h>
}
#endif

namespace vpp_punt {

namespace {

#ifdef VPP_PUNT_PORTABLE
constexpr bool kPortable = true;
#else
constexpr bool kPortable = false;
#endif

Napi::Value BuildInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  result["portable"] = Napi::Boolean::New(env, kPortable);
  result["compiler"] = Napi::String::New(env, __VERSION__);
  result["napiVersion"] = Napi::Number::New(env, NAPI_VERSION);
  result["libmemif"] = Napi::Boolean::New(env, VPP_PUNT_HAS_LIBMEMIF);
  result["vapi"] = Napi::Boolean::New(env, VPP_PUNT_HAS_VAPI);
  result["vapiSocket"] = Napi::Boolean::New(env, VPP_PUNT_HAS_VAPI_SOCKET);
  result["looked"] = Napi::String::New(env, VPP_PUNT_LOOKED);
#if VPP_PUNT_HAS_LIBMEMIF
  result["libmemifVersion"] = Napi::String::New(env, memif_get_version_str());
#endif
  return result;
}

}  // namespace

void InitBuildInfo(Napi::Env env, Napi::Object exports) {
  exports.Set("buildInfo", Napi::Function::New(env, BuildInfo, "buildInfo"));
}

}  // namespace vpp_punt
