// Only in prebuilt binaries, which are linked against glibc 2.31 (scripts/packaging/debian.mjs). The static
// libstdc++ of a newer build machine asks for this variable of glibc 2.32, which says whether locked
// instructions can be left out: false is always right.
extern "C" __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
