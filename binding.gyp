{
  "targets": [
    {
      "target_name": "vpp_punt",
      "variables": {
        "sanitize%": "<!(echo ${VPP_PUNT_SANITIZE:-})",
        "portable%": "<!(echo ${VPP_PUNT_PORTABLE:-})",
        "backends_header": "<!(node scripts/backends.mjs header build/generated/backends.h)"
      },
      "sources": ["<!@(node scripts/unity.mjs build/generated)", "<!@(node scripts/backends.mjs sources)"],
      "include_dirs": [
        "native",
        "build/generated",
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!@(node scripts/backends.mjs include_dirs)"
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        # A thread that is being terminated takes no exception any more: without this that would abort the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        "_GNU_SOURCE"
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden", "-fno-exceptions"],
      "ldflags": ["-Wl,-z,nodelete", "-Wl,--version-script=<(module_root_dir)/native/exports.map"],
      "libraries": ["-lpthread", "<!@(node scripts/backends.mjs libraries)"],
      "conditions": [
        ["sanitize!=''", {
          "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-g"],
          "ldflags": ["-fsanitize=<(sanitize)"]
        }],
        ["portable!=''", {
          "sources": ["native/util/glibc_floor.cc"],
          "defines": ["VPP_PUNT_PORTABLE"],
          "ldflags": ["-static-libstdc++", "-Wl,--exclude-libs,ALL", "-Wl,--gc-sections"]
        }]
      ]
    }
  ]
}
