// Vectors by hand, where a compiler would not find them. This file is to be included between
// GRADUS_LEVEL_BEGIN and GRADUS_LEVEL_END (level.h), in an unnamed namespace, so that each level
// has its own; <cstring>, immintrin.h where there is FMA, and vector_math.h come before.

#if defined(GRADUS_COMPILES_AVX512)
constexpr std::size_t kVectorBytes = 64;
#else
constexpr std::size_t kVectorBytes = 32;
#endif

template <class C>
using Vector [[gnu::vector_size(kVectorBytes)]] = C;
template <class C>
constexpr std::int64_t kLength = static_cast<std::int64_t>(kVectorBytes / sizeof(C));

template <class C>
[[gnu::always_inline]] inline Vector<C> load(const C* from) {
  Vector<C> result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

// a * b + c for each lane, in one rounding where the target has it, as mul_add() of numbers.
#if defined(GRADUS_COMPILES_AVX512)
[[gnu::always_inline]] inline Vector<float> mul_add(Vector<float> a, Vector<float> b,
                                                    Vector<float> c) {
  return _mm512_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline Vector<double> mul_add(Vector<double> a, Vector<double> b,
                                                     Vector<double> c) {
  return _mm512_fmadd_pd(a, b, c);
}
#elif defined(__FMA__)
[[gnu::always_inline]] inline Vector<float> mul_add(Vector<float> a, Vector<float> b,
                                                    Vector<float> c) {
  return _mm256_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline Vector<double> mul_add(Vector<double> a, Vector<double> b,
                                                     Vector<double> c) {
  return _mm256_fmadd_pd(a, b, c);
}
#else
template <class Lanes>
requires(sizeof(Lanes) == kVectorBytes) [[gnu::always_inline]] inline Lanes
    mul_add(Lanes a, Lanes b, Lanes c) {
  return a * b + c;
}
#endif
