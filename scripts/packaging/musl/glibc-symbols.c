// The symbols of glibc that Debian's libstdc++ and libgcc need and musl lacks, as far as Node uses them.
#include <locale.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;
unsigned __cpu_model[4];

int __cpu_indicator_init(void) { return 0; }

unsigned arc4random(void) {
  unsigned value;
  return getrandom(&value, sizeof value, 0) < 0 ? 0 : value;
}

size_t __strftime_l(char* text, size_t size, const char* format, const struct tm* time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}

unsigned long __isoc23_strtoul(const char* text, char** end, int base) { return strtoul(text, end, base); }

// Destructors of thread-local objects do not run.
int __cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* library) { return 0; }

void strfromf128(void) { abort(); }
void strtof128(void) { abort(); }
