// Max pooling of bfloat16: the same choices as float32 makes, in loops of its own.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

struct Case {
  Shape sizes;
  std::int64_t kernel;
  std::int64_t stride;
};

class PoolingOfBfloat16 : public testing::TestWithParam<Case> {};

// Numbers that tie often, with a zero of each sign, and a NaN.
Tensor values(const Shape& sizes) {
  Generator generator(5);
  Tensor result = floor(rand(sizes, kFloat32, generator) * 5 - 2);
  float* data = result.data_ptr<float>();
  for (std::int64_t i = 0; i < result.numel(); i += 7) data[i] = -0.0F;
  data[result.numel() / 2] = std::nanf("");
  return result;
}

TEST_P(PoolingOfBfloat16, ChoosesAsFloat32) {
  const Case& c = GetParam();
  const Tensor single = values(c.sizes).requires_grad_();
  const Tensor half = single.detach().to(kBFloat16).requires_grad_();
  const MaxPool2dOptions options{.stride = c.stride};
  for (const bool rectified : {false, true}) {
    const auto run = [&](const Tensor& x) {
      x.set_grad({});
      const Tensor y = max_pool2d(rectified ? relu(x) : x, c.kernel, options);
      const Tensor slope = values(y.sizes());
      y.backward(where(isnan(slope), zeros_like(slope), slope).to(y.dtype()));
      return std::pair{y.detach().to(kFloat32), x.grad().to(kFloat32)};
    };
    const auto [y, gx] = run(single);
    const auto [y_half, gx_half] = run(half);
    EXPECT_TRUE(allclose(y_half, y, 0, 0, true));
    EXPECT_TRUE(equal(gx_half, gx));
    EXPECT_TRUE(equal(signbit(gx_half), signbit(gx)));
  }
}

INSTANTIATE_TEST_SUITE_P(Windows, PoolingOfBfloat16,
                         testing::Values(Case{{2, 19, 6, 8}, 2, 2}, Case{{2, 16, 7, 5}, 2, 2},
                                         Case{{1, 3, 4, 4}, 2, 2}, Case{{2, 19, 7, 7}, 3, 2}));

}  // namespace
}  // namespace gradus
