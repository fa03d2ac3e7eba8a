#include "framework/kernels/linear.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/matmul.h"
#include "framework/kernels/product.h"

#include <optional>

namespace gradus::kernels {
namespace {

View flipped(const View& m) {
  return m.with({m.sizes[1], m.sizes[0]}, {m.strides[1], m.strides[0]});
}

// Calls body(begin, end) for stretches of a contiguous tensor.
template <class Body>
void in_stretches(const View& v, Body body) {
  const std::int64_t size = static_cast<std::int64_t>(size_of(v.dtype));
  parallel_for(Split(v.sizes.numel(), kGrain),
               [&](std::int64_t begin, std::int64_t end) { body(begin * size, end - begin); });
}

constexpr std::int64_t kRun = 8;  // rows summed in Compute<T> before they go on in double

// to[c] = the sum of column c, for columns [begin, end).
template <class To, class From>
void column_sums(To* to, const From* from, std::int64_t rows, std::int64_t columns,
                 std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kWidth = 64;
  for (std::int64_t c = begin; c < end; c += kWidth) {
    double sums[kWidth] = {};
    const auto add = [&](std::int64_t first, std::int64_t count, auto width) {
      Compute<From> run[kWidth] = {};
      for (std::int64_t r = first; r < first + count; ++r) {
        const From* row = from + r * columns + c;
        for (std::int64_t i = 0; i < width; ++i) run[i] += static_cast<Compute<From>>(row[i]);
      }
      for (std::int64_t i = 0; i < width; ++i) sums[i] += static_cast<double>(run[i]);
    };
    const std::int64_t width = std::min(kWidth, end - c);
    for (std::int64_t r = 0; r < rows; r += kRun) {
      const std::int64_t count = std::min(kRun, rows - r);
      if (width == kWidth) {
        add(r, count, std::integral_constant<std::int64_t, kWidth>());
      } else {
        add(r, count, width);
      }
    }
    for (std::int64_t i = 0; i < width; ++i) to[c + i] = static_cast<To>(sums[i]);
  }
}

void bias_grad(const View& to, const View& g, std::int64_t begin, std::int64_t end) {
  dispatch_floating(g.dtype, [&]<class T>(T) {
    if (to.dtype == g.dtype) {
      column_sums(to.as<T>(), g.as<T>(), g.sizes[0], g.sizes[1], begin, end);
    } else {
      column_sums(to.as<float>(), g.as<T>(), g.sizes[0], g.sizes[1], begin, end);
    }
  });
}

// The gradient of what the activation was applied to, contiguous.
class InnerGradient {
 public:
  InnerGradient(const View& g, const View& y, Activation activation) : view_(g) {
    if (activation == Activation::None && g.is_contiguous()) return;
    const auto bytes = g.sizes.numel() * static_cast<std::int64_t>(size_of(g.dtype));
    storage_.emplace(bytes);
    view_ = {storage_->data(), g.dtype, g.sizes, contiguous_strides(g.sizes)};
    if (!g.is_contiguous()) copy(view_, g);
    if (activation == Activation::None) return;
    const std::byte* from = g.is_contiguous() ? g.as<std::byte>() : storage_->data();
    in_stretches(view_, [&](std::int64_t byte, std::int64_t count) {
      activation_grad(activation, g.dtype, storage_->data() + byte, from + byte,
                      y.as<std::byte>() + byte, count);
    });
  }
  [[nodiscard]] const View& get() const { return view_; }

 private:
  View view_;
  std::optional<Scratch<>> storage_;
};

// The three gradients as one set of blocks, so that no thread waits between them.
void grads_at_once(const LinearGrads& to, const View& g, const View& x, const View& w) {
  std::optional<Product> gx;
  std::optional<Product> gw;
  if (to.x.data != nullptr) gx.emplace(to.x, g, w);
  if (to.w.data != nullptr) gw.emplace(to.w, flipped(g), x);
  const Split sums(to.bias.data == nullptr ? 0 : g.sizes[1],
                   kGrain / (g.sizes[0] + 1) / 64 * 64 + 64);
  const std::int64_t of_x = gx ? gx->blocks() : 0;
  const std::int64_t of_w = gw ? gw->blocks() : 0;
  parallel_for(of_x + of_w + sums.chunks, [&](std::int64_t i) {
    if (i < of_x) return gx->run(i);
    if (i < of_x + of_w) return gw->run(i - of_x);
    const std::int64_t chunk = i - of_x - of_w;
    bias_grad(to.bias, g, sums.begin(chunk), sums.end(chunk));
  });
}

void grads_in_turn(const LinearGrads& to, const View& g, const View& x, const View& w) {
  if (to.x.data != nullptr) matmul(to.x, g, w);
  if (to.w.data != nullptr) matmul(to.w, flipped(g), x);
  if (to.bias.data == nullptr) return;
  bias_grad(to.bias, g, 0, g.sizes[1]);
}

}  // namespace

void linear_grad(const LinearGrads& to, const View& g, const View& x, const View& w, const View& y,
                 Activation activation) {
  const View& other = to.w.data != nullptr ? x : w;  // either has the inputs as its columns
  const bool any = to.w.data != nullptr || to.x.data != nullptr;
  const std::int64_t inputs = any ? other.sizes[1] : 1;
  if (g.sizes.numel() * inputs == 0) {
    for (const View* each : {&to.x, &to.w, &to.bias}) {
      if (each->data != nullptr) fill(*each, 0);
    }
    return;
  }
  const InnerGradient inner(g, y, activation);
  const bool mixed = to.w.data != nullptr && to.w.dtype != g.dtype;
  if (mixed || (any && is_large_product(g.dtype, g.sizes[0], g.sizes[1], inputs))) {
    grads_at_once(to, inner.get(), x, w);
  } else {
    grads_in_turn(to, inner.get(), x, w);
  }
}

}  // namespace gradus::kernels
