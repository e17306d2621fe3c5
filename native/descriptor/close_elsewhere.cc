#include "descriptor/close_elsewhere.h"

#include <pthread.h>

#include <cstdint>

namespace vpp_punt::descriptor {

namespace {

/// The thread may outlive all environments: the addon is linked to stay loaded.
void* Close(void* fd) {
  close(static_cast<int>(reinterpret_cast<intptr_t>(fd)));
  return nullptr;
}

}  // namespace

void CloseElsewhere(UniqueFd fd) {
  if (!fd) return;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 1 << 16);
  pthread_t thread;
  void* argument = reinterpret_cast<void*>(static_cast<intptr_t>(fd.get()));
  if (pthread_create(&thread, &attributes, Close, argument) == 0) fd.Release();
  pthread_attr_destroy(&attributes);
}

}  // namespace vpp_punt::descriptor
