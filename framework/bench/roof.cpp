#include "framework/bench/roof.h"
#include "framework/kernels/cpu.h"
#include "framework/kernels/dnnl_compat.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace gradus::bench {
namespace {

using kernels::dnnl_engine;

struct Size {
  std::int64_t rows, inner, columns;
};
constexpr Size kSizes[] = {{256, 256, 256}, {512, 512, 512}, {64, 784, 256}};
constexpr std::int64_t kRoundWork = 1 << 28;  // multiply-adds of a thread in one round

// One product with memory of its own, run by one thread at a time.
class Product {
 public:
  Product(const Size& size, DType dtype, bool packed) {
    const kernels::SingleThread single;
    const auto plain = [&](std::int64_t a, std::int64_t b) {
      return kernels::dnnl_desc({a, b}, {b, 1}, dtype);
    };
    const Shape weights = {size.inner, size.columns};
    const auto pd = kernels::make_pd<dnnl::matmul>(
        plain(size.rows, size.inner),
        packed ? kernels::dnnl_any(weights, dtype) : plain(size.inner, size.columns),
        plain(size.rows, size.columns));
    primitive_ = dnnl::matmul(pd);
    add(DNNL_ARG_SRC, pd.src_desc());
    add(DNNL_ARG_WEIGHTS, pd.weights_desc());
    add(DNNL_ARG_DST, pd.dst_desc());
    add(DNNL_ARG_SCRATCHPAD, pd.scratchpad_desc());
  }

  void run(std::int64_t times) {
    const kernels::SingleThread single;
    dnnl::stream stream(dnnl_engine());
    for (std::int64_t i = 0; i < times; ++i) primitive_.execute(stream, arguments_);
    stream.wait();
  }

 private:
  // Bytes that are small positive numbers both as f32 and as bf16.
  void add(int argument, const dnnl::memory::desc& desc) {
    const std::size_t bytes = desc.get_size();
    auto& memory = memory_.emplace_back(
        std::make_unique<kernels::Scratch<unsigned char>>(static_cast<std::int64_t>(bytes)));
    for (std::size_t i = 0; i < bytes; ++i) {
      (*memory)[static_cast<std::int64_t>(i)] =
          static_cast<unsigned char>(i % 2 == 1 ? 0x3e : i * 37 % 128);
    }
    arguments_.emplace(argument, dnnl::memory(desc, dnnl_engine(), memory->data()));
  }

  dnnl::matmul primitive_;
  std::vector<std::unique_ptr<kernels::Scratch<unsigned char>>> memory_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

double best_rate(const Size& size, DType dtype, bool packed, double seconds) {
  using Clock = std::chrono::steady_clock;
  const int threads = num_threads();
  std::vector<std::unique_ptr<Product>> products;
  for (int i = 0; i < threads; ++i) {
    products.push_back(std::make_unique<Product>(size, dtype, packed));
  }
  const std::int64_t work = size.rows * size.inner * size.columns;
  const std::int64_t times = kRoundWork / work;
  double best = 0;
  const Clock::time_point start = Clock::now();
  for (int round = 0; round < 3 || Clock::now() - start < std::chrono::duration<double>(seconds);
       ++round) {
    const Clock::time_point from = Clock::now();
    kernels::parallel_for(
        threads, [&](std::int64_t i) { products[static_cast<std::size_t>(i)]->run(times); });
    const std::chrono::duration<double> time = Clock::now() - from;
    best = std::max(best, 2.0 * static_cast<double>(work * times * threads) / time.count());
  }
  return best;
}

double best_rate(DType dtype, double seconds) {
  double best = 0;
  for (const Size& size : kSizes) {
    for (const bool packed : {false, true}) {
      best = std::max(best, best_rate(size, dtype, packed, seconds / (2 * std::size(kSizes))));
    }
  }
  return best;
}

}  // namespace

Roof measure_roof(double seconds) {
  Roof roof;
  roof.f32 = best_rate(kFloat32, seconds);
  if (kernels::has_native_bfloat16()) roof.bf16 = best_rate(kBFloat16, seconds);
  return roof;
}

}  // namespace gradus::bench
