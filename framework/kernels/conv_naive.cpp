// The readable convolution: what conv.cpp must agree with, and what runs for f64 and empty tensors.
#include "framework/kernels/conv.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/memory.h"

namespace gradus::kernels {
namespace {

// Calls body(n, o, oh, ow, c, h, w, c_local, kh, kw) for every product of output image n.
template <class Body>
void for_each_product(std::int64_t n, const View& x, const View& w, const View& y,
                      const ConvGeometry& g, Body body) {
  const std::int64_t outputs = w.sizes[0] / g.groups;
  for (std::int64_t o = 0; o < y.sizes[1]; ++o) {
    for (std::int64_t oh = 0; oh < y.sizes[2]; ++oh) {
      for (std::int64_t ow = 0; ow < y.sizes[3]; ++ow) {
        for (std::int64_t kh = 0; kh < w.sizes[2]; ++kh) {
          const std::int64_t h = oh * g.stride[0] - g.padding[0] + kh * g.dilation[0];
          if (h < 0 || h >= x.sizes[2]) continue;
          for (std::int64_t kw = 0; kw < w.sizes[3]; ++kw) {
            const std::int64_t v = ow * g.stride[1] - g.padding[1] + kw * g.dilation[1];
            if (v < 0 || v >= x.sizes[3]) continue;
            for (std::int64_t c = 0; c < w.sizes[1]; ++c) {
              const std::int64_t channel = o / outputs * w.sizes[1] + c;
              body(((n * x.sizes[2] + h) * x.sizes[3] + v) * x.sizes[1] + channel,
                   ((o * w.sizes[1] + c) * w.sizes[2] + kh) * w.sizes[3] + kw,
                   ((n * y.sizes[2] + oh) * y.sizes[3] + ow) * y.sizes[1] + o);
            }
          }
        }
      }
    }
  }
}

// Sums in double into scratch memory, then rounds once.
template <class T, class Fill>
void accumulate(const View& out, Fill fill_sums) {
  const std::int64_t numel = out.sizes.numel();
  Scratch<double> sums(numel);
  std::fill(sums.data(), sums.data() + numel, 0.0);
  fill_sums(sums.data());
  for (std::int64_t i = 0; i < numel; ++i) out.as<T>()[i] = static_cast<T>(sums[i]);
}

}  // namespace

void conv2d_naive(const View& y, const View& x, const View& w, const View& bias,
                  const ConvGeometry& g) {
  dispatch_floating(y.dtype, [&]<class T>(T) {
    accumulate<T>(y, [&](double* sums) {
      parallel_for(y.sizes[0], [&](std::int64_t n) {
        for_each_product(n, x, w, y, g, [&](auto in, auto weight, auto out) {
          sums[out] += static_cast<double>(x.as<T>()[in]) * static_cast<double>(w.as<T>()[weight]);
        });
      });
      if (bias.data == nullptr) return;
      for (std::int64_t i = 0; i < y.sizes.numel(); ++i) {
        sums[i] += static_cast<double>(bias.as<T>()[i % y.sizes[1]]);
      }
    });
  });
}

void conv2d_input_grad_naive(const View& gx, const View& gy, const View& w, const ConvGeometry& g) {
  dispatch_floating(gx.dtype, [&]<class T>(T) {
    accumulate<T>(gx, [&](double* sums) {
      parallel_for(gy.sizes[0], [&](std::int64_t n) {
        for_each_product(n, gx, w, gy, g, [&](auto in, auto weight, auto out) {
          sums[in] += static_cast<double>(gy.as<T>()[out]) * static_cast<double>(w.as<T>()[weight]);
        });
      });
    });
  });
}

void conv2d_weight_grad_naive(const View& gw, const View& gbias, const View& x, const View& gy,
                              const ConvGeometry& g) {
  dispatch_floating(gw.dtype, [&]<class T>(T) {
    accumulate<T>(gw, [&](double* sums) {
      for (std::int64_t n = 0; n < gy.sizes[0]; ++n) {
        for_each_product(n, x, gw, gy, g, [&](auto in, auto weight, auto out) {
          sums[weight] += static_cast<double>(gy.as<T>()[out]) * static_cast<double>(x.as<T>()[in]);
        });
      }
    });
    if (gbias.data == nullptr) return;
    accumulate<T>(gbias, [&](double* sums) {
      for (std::int64_t i = 0; i < gy.sizes.numel(); ++i) {
        sums[i % gy.sizes[1]] += static_cast<double>(gy.as<T>()[i]);
      }
    });
  });
}

}  // namespace gradus::kernels
