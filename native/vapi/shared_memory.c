#include "vapi/shared_memory.h"

/* VPP's headers are compiled without most warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wempty-body"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <vlibapi/api.h>
#include <vlibmemory/api.h>
#pragma GCC diagnostic pop

int vpp_punt_vapi_vpp_pid(void) {
  return vlibapi_get_main()->shmem_hdr->vl_pid;
}

void vpp_punt_vapi_set_client(int client_index) {
  vlibapi_get_main()->my_client_index = client_index;
}

void vpp_punt_vapi_reset_dead_queue(void) {
  svm_queue_t* queue = vlibapi_get_main()->shmem_hdr->vl_input_queue;
  pthread_mutexattr_t mutex;
  pthread_condattr_t condition;
  pthread_mutexattr_init(&mutex);
  pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
  pthread_condattr_init(&condition);
  pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&queue->mutex, &mutex);
  pthread_cond_init(&queue->condvar, &condition);
  queue->head = queue->tail = queue->cursize = 0;
}
