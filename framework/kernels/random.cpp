#include "framework/kernels/random.h"
#include <Random123/philox.h>
#include "framework/kernels/native/random.h"
#include "framework/kernels/parallel.h"

#include <cmath>
#include <numbers>

namespace gradus::kernels {
namespace {

// Two 53-bit uniforms in [0, 1) from one block.
std::array<double, 2> two_uniforms(const std::array<std::uint32_t, 4>& block) {
  const auto join = [](std::uint32_t high, std::uint32_t low) {
    return static_cast<double>((std::uint64_t{high} << 21U) | (low >> 11U)) * 0x1p-53;
  };
  return {join(block[0], block[1]), join(block[2], block[3])};
}

// out[i] = value(i's pair of uniforms, 0 or 1): every block of random numbers gives two elements.
template <class Value>
void fill_pairs(const View& out, const RandomKey& key, Value value) {
  dispatch_floating(out.dtype, [&]<class T>(T) {
    const std::int64_t numel = out.sizes.numel();
    parallel_for(Split((numel + 1) / 2, kGrain / 8), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t pair = begin; pair < end; ++pair) {
        const auto uniforms = two_uniforms(random_block(key, static_cast<std::uint64_t>(pair)));
        const std::array<double, 2> values = value(uniforms);
        for (std::int64_t k = 0; k < 2 && 2 * pair + k < numel; ++k) {
          out.as<T>()[2 * pair + k] = static_cast<T>(values[static_cast<std::size_t>(k)]);
        }
      }
    });
  });
}

// The first 24 bits of the uniforms, which a float has room for.
void uniform_floats(const View& out, const RandomKey& key) {
  const std::int64_t numel = out.sizes.numel();
  const auto& loops = native::random_loops();
  parallel_for(Split(numel / 2, kGrain), [&](std::int64_t begin, std::int64_t end) {
    loops.uniform(out.as<float>(), key.seed, key.stream, begin, end);
  });
  if (numel % 2 != 0) {
    const auto last = random_block(key, static_cast<std::uint64_t>(numel / 2));
    out.as<float>()[numel - 1] = static_cast<float>(last[0] >> 8U) * 0x1p-24F;
  }
}

}  // namespace

std::array<std::uint32_t, 4> random_block(const RandomKey& key, std::uint64_t block) {
  using Philox = r123::Philox4x32;
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32U); };
  const Philox::ctr_type counter = {{low(block), high(block), low(key.stream), high(key.stream)}};
  const Philox::key_type philox_key = {{low(key.seed), high(key.seed)}};
  const Philox::ctr_type r = Philox()(counter, philox_key);
  return {r[0], r[1], r[2], r[3]};
}

void random_uniform(const View& out, const RandomKey& key) {
  if (out.dtype == kFloat32) return uniform_floats(out, key);
  // A bf16 has room for 8 bits: without the cut 1 - 2^-53 would round up to 1.
  const double scale = out.dtype == kFloat64 ? 0x1p53 : 0x1p8;
  fill_pairs(out, key, [=](const std::array<double, 2>& u) {
    return std::array{std::floor(u[0] * scale) / scale, std::floor(u[1] * scale) / scale};
  });
}

void random_normal(const View& out, const RandomKey& key) {
  fill_pairs(out, key, [](const std::array<double, 2>& u) {
    const double radius = std::sqrt(-2.0 * std::log1p(-u[0]));
    const double angle = 2.0 * std::numbers::pi * u[1];
    return std::array{radius * std::cos(angle), radius * std::sin(angle)};
  });
}

std::uint64_t random_below(const RandomKey& key, std::uint64_t index, std::uint64_t end) {
  const auto block = random_block(key, index);
  const std::uint64_t bits = (std::uint64_t{block[0]} << 32U) | block[1];
  __extension__ using Wide = unsigned __int128;  // multiply-shift: no modulo bias worth naming
  return static_cast<std::uint64_t>((Wide{bits} * end) >> 64U);
}

void random_integers(const View& out, const RandomKey& key, std::int64_t low, std::int64_t high) {
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  auto* data = out.as<std::int64_t>();
  parallel_for(Split(out.sizes.numel(), kGrain / 8), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint64_t drawn = random_below(key, static_cast<std::uint64_t>(i), range);
      data[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn);
    }
  });
}

}  // namespace gradus::kernels
