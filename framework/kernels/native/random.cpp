#include "framework/kernels/native/random.h"

GRADUS_LEVEL_BEGIN
namespace {

// The generator's constants: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3".
constexpr std::uint64_t kFirstFactor = 0xD2511F53;
constexpr std::uint64_t kSecondFactor = 0xCD9E8D57;
constexpr std::uint32_t kFirstStep = 0x9E3779B9;
constexpr std::uint32_t kSecondStep = 0xBB67AE85;
constexpr int kRounds = 10;

constexpr std::uint64_t kBlocks = 32;  // at once, which makes the rounds vectors

[[gnu::always_inline]] inline std::uint32_t low(std::uint64_t v) {
  return static_cast<std::uint32_t>(v);
}
[[gnu::always_inline]] inline std::uint32_t high(std::uint64_t v) {
  return static_cast<std::uint32_t>(v >> 32U);
}

// Blocks first, first + 1, ...: their first and third numbers.
[[gnu::always_inline]] inline void make(std::uint32_t* __restrict ones,
                                        std::uint32_t* __restrict threes, std::uint64_t seed,
                                        std::uint64_t stream, std::uint64_t first) {
  std::uint32_t a[kBlocks], b[kBlocks], c[kBlocks], d[kBlocks];
  for (std::uint64_t i = 0; i < kBlocks; ++i) {
    a[i] = low(first + i);
    b[i] = high(first + i);
    c[i] = low(stream);
    d[i] = high(stream);
  }
  std::uint32_t key0 = low(seed);
  std::uint32_t key1 = high(seed);
  for (int round = 0; round < kRounds; ++round) {
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      const std::uint64_t p = kFirstFactor * a[i];
      const std::uint64_t q = kSecondFactor * c[i];
      a[i] = high(q) ^ b[i] ^ key0;
      b[i] = low(q);
      c[i] = high(p) ^ d[i] ^ key1;
      d[i] = low(p);
    }
    key0 += kFirstStep;
    key1 += kSecondStep;
  }
  for (std::uint64_t i = 0; i < kBlocks; ++i) {
    ones[i] = a[i];
    threes[i] = c[i];
  }
}

[[gnu::flatten]] void uniform(float* out, std::uint64_t seed, std::uint64_t stream,
                              std::int64_t begin, std::int64_t end) {
  std::uint32_t ones[kBlocks];
  std::uint32_t threes[kBlocks];
  for (std::int64_t first = begin; first < end; first += kBlocks) {
    make(ones, threes, seed, stream, static_cast<std::uint64_t>(first));
    const auto left = static_cast<std::uint64_t>(end - first);
    const std::uint64_t count = left < kBlocks ? left : kBlocks;
    float* to = out + 2 * first;
    for (std::uint64_t i = 0; i < count; ++i) {
      to[2 * i] = static_cast<float>(static_cast<std::int32_t>(ones[i] >> 8U)) * 0x1p-24F;
      to[2 * i + 1] = static_cast<float>(static_cast<std::int32_t>(threes[i] >> 8U)) * 0x1p-24F;
    }
  }
}

}  // namespace

extern const RandomLoops kRandom;
const RandomLoops kRandom = {uniform};
GRADUS_LEVEL_END
GRADUS_CHOOSE(RandomLoops, kRandom, random_loops)
