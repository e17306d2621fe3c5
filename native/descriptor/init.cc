#include "descriptor/init.h"

#include "descriptor/credentials.h"
#include "descriptor/descriptor.h"
#include "descriptor/listener.h"
#include "descriptor/open.h"
#include "descriptor/passing_socket.h"
#include "descriptor/queue.h"

namespace vpp_punt {

void InitDescriptor(Napi::Env env, Napi::Object exports) {
  descriptor::Descriptor::Init(env, exports);
  descriptor::PassingSocket::Init(env, exports);
  descriptor::Listener::Init(env, exports);
  descriptor::InitCredentials(env, exports);
  descriptor::InitOpen(env, exports);
  descriptor::InitQueue(env, exports);
}

}  // namespace vpp_punt
