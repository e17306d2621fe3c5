// Only in prebuilt binaries, which are linked against glibc 2.31 (scripts/packaging/sysroot.mjs).
// The build machine's static libstdc++ may be of a newer system and ask for this variable of glibc
// 2.32, which only says whether locked instructions can be left out: false is always right.
extern "C" __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
