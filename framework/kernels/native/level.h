// Loops for several instruction sets in one binary: Gradus's own code is built for GRADUS_ARCH
// (AVX2 and FMA by default), and the .cpp files of this folder once more for AVX-512. The level
// that runs is chosen once, by the CPU and by oneDNN's cap (ONEDNN_MAX_CPU_ISA), so that one knob
// holds for all kernels.
//
// Such a file includes what it needs, and then has everything between two macros:
//
//   #include "framework/kernels/native/pointwise.h"    // struct PointwiseLoops, of pointers
//   GRADUS_LEVEL_BEGIN
//   namespace { void relu(float* out, const float* in, std::int64_t count) { ... } }
//   extern const PointwiseLoops kPointwise;
//   const PointwiseLoops kPointwise = {.relu = relu};
//   GRADUS_LEVEL_END
//   GRADUS_CHOOSE(PointwiseLoops, kPointwise, pointwise)  // the function that pointwise.h declares
//
// Both compilations have the same -march; the instruction set is raised between the macros alone,
// in a namespace of the level. So a header's inline function or template, of which the linker keeps
// one copy for the whole program, is never compiled for more than every CPU has.
// Loops that compilers do not see as vectors are written in those of vectors.h.
// Products and sums are fused where mul_add() says so (vector_math.h), not where a compiler likes.
// tests/kernels/native_test.cpp holds that the levels give the same bits, and the objects apart.
#pragma once

#include "framework/kernels/dtype.h"

namespace gradus::kernels::native {

enum class Level : std::uint8_t { Base, Avx512 };

/// Whether this binary and this CPU have the level, whatever the cap is.
bool has(Level level);
/// The level in use. ONEDNN_MAX_CPU_ISA (AVX2, for instance) bounds it.
Level level();

/// The same loops for each floating type.
template <template <class> class Loops>
struct PerFloating {
  Loops<float> f32;
  Loops<double> f64;
  Loops<BFloat16> bf16;

  template <class T>
  [[nodiscard]] const Loops<T>& of() const {
    if constexpr (std::is_same_v<T, float>) {
      return f32;
    } else if constexpr (std::is_same_v<T, double>) {
      return f64;
    } else {
      return bf16;
    }
  }
};

}  // namespace gradus::kernels::native

// NOLINTBEGIN(cppcoreguidelines-macro-usage): they open and close namespaces
#if defined(GRADUS_COMPILES_AVX512)
// clang-format off
#define GRADUS_LEVEL_BEGIN                                                                  \
  _Pragma("GCC push_options")                                                               \
  _Pragma("GCC target(\"avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512\")")     \
  namespace gradus::kernels::native::avx512 {
// clang-format on
#define GRADUS_LEVEL_END \
  }                      \
  _Pragma("GCC pop_options")
#define GRADUS_CHOOSE(Loops, kLoops, function)
#else
#define GRADUS_LEVEL_BEGIN namespace gradus::kernels::native::base {
#define GRADUS_LEVEL_END }
#if defined(GRADUS_HAS_AVX512)
#define GRADUS_CHOOSE(Loops, kLoops, function)                   \
  namespace gradus::kernels::native {                            \
  namespace avx512 {                                             \
  extern const Loops kLoops;                                     \
  }                                                              \
  const Loops& function(Level level) {                           \
    return level == Level::Base ? base::kLoops : avx512::kLoops; \
  }                                                              \
  }
#else
#define GRADUS_CHOOSE(Loops, kLoops, function) \
  namespace gradus::kernels::native {          \
  const Loops& function(Level) {               \
    return base::kLoops;                       \
  }                                            \
  }
#endif
#endif
// NOLINTEND(cppcoreguidelines-macro-usage)
