#include "framework/kernels/pooling.h"
#include "framework/kernels/parallel.h"

#include <utility>

namespace gradus::kernels {
namespace {

// The part of a window that lies inside the image, in kernel places.
struct Span {
  std::int64_t origin;  // where place 0 falls in the image; may be negative
  std::int64_t begin;
  std::int64_t end;
};

Span window(std::int64_t out, int axis, std::int64_t size, const PoolGeometry& g) {
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t origin = out * g.stride[a] - g.padding[a];
  const std::int64_t step = g.dilation[a];
  const std::int64_t begin = origin < 0 ? (-origin + step - 1) / step : 0;
  const std::int64_t end = std::min(g.kernel[a], (size - origin + step - 1) / step);
  return {origin, begin, std::max(begin, end)};
}

struct Pixel {
  std::int64_t n, h, w;  // of the output
  std::int64_t offset;   // of its first channel
};

// Calls body(pixel) for the output pixels of each image; images run at once, so what a body
// scatters into must belong to its own image.
template <class Body>
void for_each_pixel(const View& y, Body body) {
  const std::int64_t image = y.sizes[1] * y.sizes[2] * y.sizes[3];
  parallel_for(Split(y.sizes[0], kGrain / (image + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t n = begin; n < end; ++n) {
                   for (std::int64_t h = 0; h < y.sizes[2]; ++h) {
                     for (std::int64_t w = 0; w < y.sizes[3]; ++w) {
                       body(Pixel{n, h, w, ((n * y.sizes[2] + h) * y.sizes[3] + w) * y.sizes[1]});
                     }
                   }
                 }
               });
}

// The offset in x of the first channel under place (kh, kw) of an output pixel's window.
std::int64_t under(const View& x, const Pixel& p, std::int64_t kh, std::int64_t kw,
                   const PoolGeometry& g) {
  const std::int64_t h = p.h * g.stride[0] - g.padding[0] + kh * g.dilation[0];
  const std::int64_t w = p.w * g.stride[1] - g.padding[1] + kw * g.dilation[1];
  return ((p.n * x.sizes[2] + h) * x.sizes[3] + w) * x.sizes[1];
}

// Where `in` beats `out`, takes it over with its place. Plain arrays apart from each other, and no
// branches, so that the loop vectorises.
template <class T, class Place>
void take_larger(T* __restrict out, Place* __restrict place, const T* __restrict in, Place here,
                 std::int64_t channels) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto value = static_cast<Compute<T>>(in[c]);
    const auto best = static_cast<Compute<T>>(out[c]);
    const bool wins = !(value <= best) & (best == best);  // NaN wins, and stays
    out[c] = wins ? in[c] : out[c];
    place[c] = wins ? here : place[c];
  }
}

// to += from where the place is `here`; again without branches.
template <class T, class Place>
void add_where(T* __restrict to, const T* __restrict from, const Place* __restrict place,
               Place here, std::int64_t channels) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const T part = place[c] == here ? from[c] : T{};
    to[c] = static_cast<T>(to[c] + part);
  }
}

template <class T, class Place>
void max_pixel(const View& y, const View& places, const View& x, const Pixel& p,
               const PoolGeometry& g) {
  const std::int64_t channels = x.sizes[1];
  T* out = y.as<T>() + p.offset;
  Place* place = places.as<Place>() + p.offset;
  const Span rows = window(p.h, 0, x.sizes[2], g);
  const Span columns = window(p.w, 1, x.sizes[3], g);
  bool first = true;
  for (std::int64_t kh = rows.begin; kh < rows.end; ++kh) {
    for (std::int64_t kw = columns.begin; kw < columns.end; ++kw) {
      const T* in = x.as<T>() + under(x, p, kh, kw, g);
      const auto here = static_cast<Place>(kh * g.kernel[1] + kw);
      if (std::exchange(first, false)) {
        std::copy(in, in + channels, out);
        std::fill(place, place + channels, here);
      } else {
        take_larger(out, place, in, here, channels);
      }
    }
  }
}

// Calls body(T{}, Place{}) with the types of values and of places.
template <class Body>
void dispatch_places(const View& values, const View& places, Body body) {
  dispatch_floating(values.dtype, [&]<class T>(T) {
    if (places.dtype == kUInt8) {
      body(T{}, std::uint8_t{});
    } else {
      body(T{}, std::int64_t{});
    }
  });
}

template <class T>
void zero_image(const View& x) {
  std::fill(x.as<T>(), x.as<T>() + x.sizes.numel(), T{});
}

double divisor(const Span& rows, const Span& columns, const View& x, const PoolGeometry& g) {
  if (!g.count_include_pad) {
    return static_cast<double>((rows.end - rows.begin) * (columns.end - columns.begin));
  }
  // As in PyTorch, what hangs over the padding does not count.
  const std::int64_t height = std::min(rows.origin + g.kernel[0], x.sizes[2] + g.padding[0]);
  const std::int64_t width = std::min(columns.origin + g.kernel[1], x.sizes[3] + g.padding[1]);
  return static_cast<double>((height - rows.origin) * (width - columns.origin));
}

}  // namespace

void max_pool2d(const View& y, const View& places, const View& x, const PoolGeometry& g) {
  dispatch_places(x, places, [&]<class T, class Place>(T, Place) {
    for_each_pixel(y, [&](const Pixel& p) { max_pixel<T, Place>(y, places, x, p, g); });
  });
}

void max_pool2d_scatter(const View& gx, const View& gy, const View& places, const PoolGeometry& g) {
  dispatch_places(gx, places, [&]<class T, class Place>(T, Place) {
    zero_image<T>(gx);
    for_each_pixel(gy, [&](const Pixel& p) {
      const Span rows = window(p.h, 0, gx.sizes[2], g);
      const Span columns = window(p.w, 1, gx.sizes[3], g);
      for (std::int64_t kh = rows.begin; kh < rows.end; ++kh) {
        for (std::int64_t kw = columns.begin; kw < columns.end; ++kw) {
          add_where<T, Place>(gx.as<T>() + under(gx, p, kh, kw, g), gy.as<T>() + p.offset,
                              places.as<Place>() + p.offset,
                              static_cast<Place>(kh * g.kernel[1] + kw), gy.sizes[1]);
        }
      }
    });
  });
}

void max_pool2d_gather(const View& y, const View& x, const View& places, const PoolGeometry& g) {
  dispatch_places(x, places, [&]<class T, class Place>(T, Place) {
    for_each_pixel(y, [&](const Pixel& p) {
      for (std::int64_t c = 0; c < y.sizes[1]; ++c) {
        const std::int64_t place = places.as<Place>()[p.offset + c];
        y.as<T>()[p.offset + c] =
            x.as<T>()[under(x, p, place / g.kernel[1], place % g.kernel[1], g) + c];
      }
    });
  });
}

void avg_pool2d(const View& y, const View& x, const PoolGeometry& g) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    for_each_pixel(y, [&](const Pixel& p) {
      const Span rows = window(p.h, 0, x.sizes[2], g);
      const Span columns = window(p.w, 1, x.sizes[3], g);
      const auto scale = static_cast<Compute<T>>(1.0 / divisor(rows, columns, x, g));
      for (std::int64_t c = 0; c < x.sizes[1]; ++c) {
        Compute<T> total{};
        for (std::int64_t kh = rows.begin; kh < rows.end; ++kh) {
          for (std::int64_t kw = columns.begin; kw < columns.end; ++kw) {
            total += static_cast<Compute<T>>(x.as<T>()[under(x, p, kh, kw, g) + c]);
          }
        }
        y.as<T>()[p.offset + c] = static_cast<T>(total * scale);
      }
    });
  });
}

void avg_pool2d_grad(const View& gx, const View& gy, const PoolGeometry& g) {
  dispatch_floating(gx.dtype, [&]<class T>(T) {
    zero_image<T>(gx);
    for_each_pixel(gy, [&](const Pixel& p) {
      const Span rows = window(p.h, 0, gx.sizes[2], g);
      const Span columns = window(p.w, 1, gx.sizes[3], g);
      const auto scale = static_cast<Compute<T>>(1.0 / divisor(rows, columns, gx, g));
      for (std::int64_t kh = rows.begin; kh < rows.end; ++kh) {
        for (std::int64_t kw = columns.begin; kw < columns.end; ++kw) {
          T* to = gx.as<T>() + under(gx, p, kh, kw, g);
          const T* from = gy.as<T>() + p.offset;
          for (std::int64_t c = 0; c < gy.sizes[1]; ++c) {
            to[c] = static_cast<T>(to[c] + from[c] * scale);
          }
        }
      }
    });
  });
}

}  // namespace gradus::kernels
