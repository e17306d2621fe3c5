// Loads a VPP through its own C client library, over the API socket.
//   binapi_vapi SOCKET ping WINDOW SECONDS    sends control_ping with WINDOW in flight
//   binapi_vapi SOCKET dump SECONDS           sends sw_interface_dump, one after the other
// Prints { "rate": requests or details a second }.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vapi/interface.api.vapi.h>
#include <vapi/memclnt.api.vapi.h>
#include <vapi/vapi.h>

DEFINE_VAPI_MSG_IDS_MEMCLNT_API_JSON
DEFINE_VAPI_MSG_IDS_INTERFACE_API_JSON

enum { MAX_WINDOW = 1024 };

static long answered;
static int in_flight;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(vapi_error_e error, const char* what) {
  if (error == VAPI_OK) return;
  fprintf(stderr, "%s: vapi error %d\n", what, error);
  exit(1);
}

static vapi_error_e on_ping(struct vapi_ctx_s* ctx, void* arg, vapi_error_e rv, bool last,
                            vapi_payload_control_ping_reply* reply) {
  (void)ctx, (void)arg, (void)rv, (void)last, (void)reply;
  answered++;
  in_flight--;
  return VAPI_OK;
}

static vapi_error_e on_details(struct vapi_ctx_s* ctx, void* arg, vapi_error_e rv, bool last,
                               vapi_payload_sw_interface_details* reply) {
  (void)ctx, (void)rv, (void)reply;
  if (last)
    *(bool*)arg = true;
  else
    answered++;
  return VAPI_OK;
}

static void pings(vapi_ctx_t ctx, int window, double until) {
  while (now() < until) {
    while (in_flight < window) {
      vapi_msg_control_ping* ping = vapi_alloc_control_ping(ctx);
      if (ping == NULL || vapi_control_ping(ctx, ping, on_ping, NULL) != VAPI_OK) break;
      in_flight++;
    }
    vapi_dispatch_one(ctx);
  }
}

static void dumps(vapi_ctx_t ctx, double until) {
  while (now() < until) {
    bool done = false;
    vapi_msg_sw_interface_dump* dump = vapi_alloc_sw_interface_dump(ctx, 0);
    dump->payload.sw_if_index = 0xffffffff;
    check(vapi_sw_interface_dump(ctx, dump, on_details, &done), "dump");
    while (!done) check(vapi_dispatch(ctx), "dispatch");
  }
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const bool dump = strcmp(argv[2], "dump") == 0;
  const double seconds = atof(argv[argc - 1]);
  vapi_ctx_t ctx;
  check(vapi_ctx_alloc(&ctx), "alloc");
  const vapi_mode_e mode = dump ? VAPI_MODE_BLOCKING : VAPI_MODE_NONBLOCKING;
  check(vapi_connect_ex(ctx, "binapi_vapi", argv[1], MAX_WINDOW, MAX_WINDOW, mode, true, true), argv[1]);
  const double start = now();
  if (dump)
    dumps(ctx, start + seconds);
  else
    pings(ctx, atoi(argv[3]), start + seconds);
  printf("{ \"rate\": %.0f }\n", (double)answered / (now() - start));
  // vapi_disconnect would print a warning for each answer that is still to come.
  return 0;
}
