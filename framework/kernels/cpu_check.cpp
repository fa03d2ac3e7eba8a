// A program for AVX2 says so on a CPU without it, instead of dying of an illegal instruction. This
// file alone is compiled for any x86-64 CPU, calls nothing that is not, and runs before the static
// objects of Gradus and of the program that it is linked into.
#if defined(GRADUS_NEEDS_V3)
#include <unistd.h>
#include <cstdlib>

namespace {

constexpr char kMessage[] =
    "gradus: this CPU lacks AVX2, FMA or BMI2, for which this program was built. Build Gradus with "
    "-DGRADUS_ARCH=x86-64-v2 (or =x86-64, =native) for it.\n";

[[gnu::constructor(101)]] void check_cpu() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
      __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0) {
    return;
  }
  const ssize_t written = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  _exit(written < 0 ? 2 : 1);
}

}  // namespace
#endif
