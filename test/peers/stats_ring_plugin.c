// A plugin for VPP 26.06 and later that has a ring buffer in VPP's statistics: `ring write N` writes N
// entries into it.
#include <vlib/vlib.h>
// After vlib.h, whose types it uses.
#include <vlib/stats/stats.h>
#include <vnet/plugin/plugin.h>
#include <vpp/app/version.h>

VLIB_PLUGIN_REGISTER() = {.version = VPP_BUILD_VER, .description = "ring buffer for a test"};

static u32 ring;
static u64 count;

static clib_error_t* make_ring(vlib_main_t* vm) {
  static const char schema[] = "number: u64";
  vlib_stats_ring_config_t config = {
      .entry_size = sizeof(u64),
      .ring_size = 8,
      .n_threads = 2,
      .schema_size = sizeof(schema) - 1,
      .schema_version = 5,
  };
  ring = vlib_stats_add_ring_buffer(&config, schema, "/test/ring");
  return 0;
}

VLIB_MAIN_LOOP_ENTER_FUNCTION(make_ring);

static clib_error_t* write_ring(vlib_main_t* vm, unformat_input_t* input, vlib_cli_command_t* command) {
  u32 n;
  if (!unformat(input, "%u", &n)) return clib_error_return(0, "how many?");
  for (; n > 0; n--, count++) vlib_stats_ring_produce(ring, 1, &count);
  return 0;
}

VLIB_CLI_COMMAND(write_ring_command, static) = {
    .path = "ring write",
    .short_help = "ring write <count>",
    .function = write_ring,
};
