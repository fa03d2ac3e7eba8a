// What the backward engine costs and gains: a small graph, a wide one, a chain.
// Prints medians of several runs, in microseconds. LibTorch's part is autograd_torch.cpp.
#include <gradus/gradus.h>

#include "tools/bench/timing.h"

namespace {

using namespace gradus;
using bench::median_us;

// (x - 3)(x - 6)(x - 4), forward and backward, 0-dim f32.
double small_graph() {
  const Tensor x = tensor(1.0F).requires_grad_();
  return median_us(5000, [&] {
    const Tensor y = (x - 3) * (x - 6) * (x - 4);
    y.backward();
    x.set_grad({});
  });
}

// The backward pass of a graph that is built anew for every run.
template <class Build>
double backward_us(Build build) {
  return bench::median_us_of(build, [](const Tensor& y) { y.backward(); });
}

Tensor wide(const Tensor& x, const std::vector<Tensor>& weights) {
  Tensor total;
  for (const Tensor& w : weights) {
    const Tensor branch = tanh(matmul(tanh(matmul(x, w)), w)).sum();
    total = total.defined() ? total + branch : branch;
  }
  return total;
}

Tensor chain(const Tensor& x, std::int64_t ops) {
  Tensor y = x;
  for (std::int64_t i = 0; i < ops; ++i) y = y * 0.5F;
  return y.sum();
}

template <class Build>
void compare(const char* what, Build build) {
  // In turn, so that a busy machine bothers both alike.
  std::vector<double> one;
  std::vector<double> two;
  for (int i = 0; i < 9; ++i) {
    set_num_threads(1);
    one.push_back(backward_us(build));
    set_num_threads(2);
    two.push_back(backward_us(build));
  }
  const double a = bench::median(one);
  const double b = bench::median(two);
  std::printf("%-46s %10.1f us %10.1f us %8.2fx\n", what, a, b, a / b);
}

}  // namespace

int main() {
  std::printf("gradus: (x-3)(x-6)(x-4) with its gradient      %10.2f us\n", small_graph());
  std::printf("%-46s %13s %13s %9s\n", "backward pass", "1 thread", "2 threads", "gain");
  Generator generator(1);
  const Tensor x = rand({384, 384}, kFloat32, generator).requires_grad_();
  std::vector<Tensor> weights;
  for (int i = 0; i < 8; ++i) weights.push_back(rand({384, 384}, kFloat32, generator));
  compare("8 branches, 2 products of 384 x 384 each", [&] { return wide(x, weights); });
  const Tensor big = rand({256, 512}, kFloat32, generator).requires_grad_();
  compare("a chain of 100 ops on 131072 elements", [&] { return chain(big, 100); });
  const Tensor small = rand({16}, kFloat32, generator).requires_grad_();
  compare("a chain of 1000 ops on 16 elements", [&] { return chain(small, 1000); });
}
