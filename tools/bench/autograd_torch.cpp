// The small graph of autograd.cpp in PyTorch's C++ front end.
#include <torch/torch.h>

#include "tools/bench/timing.h"

int main() {
  const torch::Tensor x = torch::tensor(1.0F).requires_grad_();
  const double us = bench::median_us(500, [&] {
    const torch::Tensor y = (x - 3) * (x - 6) * (x - 4);
    y.backward();
    x.mutable_grad().reset();
  });
  std::printf("LibTorch %s: the same                      %10.2f us\n", TORCH_VERSION, us);
}
