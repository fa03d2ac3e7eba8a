#include "framework/kernels/pooling.h"
#include "framework/kernels/parallel.h"

#include <bit>
#include <cstring>
#include <utility>

namespace gradus::kernels {
namespace {

// The part of a window that lies inside the image, in kernel places.
struct Span {
  std::int64_t origin;  // where place 0 falls in the image; may be negative
  std::int64_t begin;
  std::int64_t end;
  std::int64_t step;

  [[nodiscard]] std::int64_t at(std::int64_t place) const { return origin + place * step; }
};

Span window(std::int64_t out, int axis, std::int64_t size, const PoolGeometry& g) {
  const auto a = static_cast<std::size_t>(axis);
  if (const std::int64_t outputs = g.adaptive[a]; outputs != 0) {
    const std::int64_t origin = out * size / outputs;
    return {origin, 0, ((out + 1) * size + outputs - 1) / outputs - origin, 1};
  }
  const std::int64_t origin = out * g.stride[a] - g.padding[a];
  const std::int64_t step = g.dilation[a];
  const std::int64_t begin = origin < 0 ? (-origin + step - 1) / step : 0;
  const std::int64_t end = std::min(g.kernel[a], (size - origin + step - 1) / step);
  return {origin, begin, std::max(begin, end), step};
}

// The window of an output pixel.
struct Window {
  Span rows;
  Span columns;
};

struct Pixel {
  std::int64_t n, h, w;  // of the output
  std::int64_t offset;   // of its first channel
};

template <class Body>
void pixels_of_row(const View& y, std::int64_t row, Body body) {
  for (std::int64_t w = 0; w < y.sizes[3]; ++w) {
    body(Pixel{row / y.sizes[2], row % y.sizes[2], w, (row * y.sizes[3] + w) * y.sizes[1]});
  }
}

// Calls body(pixel) for the output pixels of each image; images run at once, so what a body
// scatters into must belong to its own image.
template <class Body>
void for_each_pixel_by_image(const View& y, Body body) {
  const std::int64_t image = y.sizes[1] * y.sizes[2] * y.sizes[3];
  parallel_for(Split(y.sizes[0], kGrain / (image + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin * y.sizes[2]; row < end * y.sizes[2]; ++row) {
                   pixels_of_row(y, row, body);
                 }
               });
}

// The same for bodies that write to their own pixel alone; all rows of pixels may run at once.
template <class Body>
void for_each_pixel(const View& y, Body body) {
  const std::int64_t work = y.sizes[1] * y.sizes[3];
  parallel_for(Split(y.sizes[0] * y.sizes[2], kGrain / (work + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) pixels_of_row(y, row, body);
               });
}

Window window_of(const Pixel& p, const View& x, const PoolGeometry& g) {
  return {window(p.h, 0, x.sizes[2], g), window(p.w, 1, x.sizes[3], g)};
}

// The offset in x of the first channel under place (kh, kw) of an output pixel's window.
std::int64_t under(const View& x, const Pixel& p, const Window& window, std::int64_t kh,
                   std::int64_t kw) {
  return ((p.n * x.sizes[2] + window.rows.at(kh)) * x.sizes[3] + window.columns.at(kw)) *
         x.sizes[1];
}

// Calls body(offset in x, place) for the places of a pixel's window that lie in the image.
template <class Body>
void for_each_place(const View& x, const Pixel& p, const Window& window, const PoolGeometry& g,
                    Body body) {
  for (std::int64_t kh = window.rows.begin; kh < window.rows.end; ++kh) {
    for (std::int64_t kw = window.columns.begin; kw < window.columns.end; ++kw) {
      body(under(x, p, window, kh, kw), kh * g.kernel[1] + kw);
    }
  }
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

// Vectors by hand where the compiler finds none: it gives up on choices that depend on choices.
constexpr std::int64_t kFloats = 8;
using Floats [[gnu::vector_size(4 * kFloats)]] = float;
using Ints [[gnu::vector_size(4 * kFloats)]] = std::int32_t;
using Shorts [[gnu::vector_size(2 * kFloats)]] = std::uint16_t;
using Bytes [[gnu::vector_size(kFloats)]] = std::uint8_t;

// The lowest byte of each number. GCC 12 converts such a vector lane by lane.
Bytes low_bytes(Ints values) {
  using All [[gnu::vector_size(4 * kFloats)]] = std::uint8_t;
  const auto all = std::bit_cast<All>(values);
  if constexpr (std::endian::native == std::endian::little) {
    return __builtin_shufflevector(all, all, 0, 4, 8, 12, 16, 20, 24, 28);
  } else {
    return __builtin_shufflevector(all, all, 3, 7, 11, 15, 19, 23, 27, 31);
  }
}

template <class V>
V load_as(const void* from) {
  V value;
  std::memcpy(&value, from, sizeof(V));
  return value;
}
Floats load(const float* from) {
  return load_as<Floats>(from);
}
Floats load(const BFloat16* from) {
  return std::bit_cast<Floats>(__builtin_convertvector(load_as<Shorts>(from), Ints) << 16);
}

void store(float* to, Floats values) {
  std::memcpy(to, &values, sizeof values);
}
// Of values that are bfloat16 numbers already.
void store(BFloat16* to, Floats values) {
  const auto halves = __builtin_convertvector(std::bit_cast<Ints>(values) >> 16, Shorts);
  std::memcpy(static_cast<void*>(to), &halves, sizeof halves);
}

// All four places of a 2 x 2 window at once: `in` and, beside and below it, the others.
template <class T>
std::int64_t take_largest_of_four(T* out, std::uint8_t* place, const std::array<const T*, 4>& in,
                                  std::int64_t channels) {
  std::int64_t c = 0;
  for (; c + kFloats <= channels; c += kFloats) {
    Floats best = load(in[0] + c);
    Ints winner{};
    for (std::int32_t k = 1; k < 4; ++k) {
      const Floats value = load(in[static_cast<std::size_t>(k)] + c);
      const Ints stays = (value <= best) | (best != best);  // NaN wins, and stays
      best = stays ? best : value;
      winner = stays ? winner : Ints{} + k;
    }
    const Bytes places = low_bytes(winner);
    store(out + c, best);
    std::memcpy(place + c, &places, sizeof(places));
  }
  return c;
}

// The same for the channels from `first` on, of any type.
template <class T, class Place>
void take_largest_of_four(T* out, Place* place, const std::array<const T*, 4>& in,
                          std::int64_t first, std::int64_t channels) {
  for (std::int64_t c = first; c < channels; ++c) {
    out[c] = in[0][c];
    place[c] = 0;
    for (std::size_t k = 1; k < 4; ++k) {
      take_larger(out + c, place + c, in[k] + c, static_cast<Place>(k), 1);
    }
  }
}

// to = from where the place is `here`, else 0.
template <class T, class Place>
void put_where(T* __restrict to, const T* __restrict from, const Place* __restrict place,
               Place here, std::int64_t channels) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const T part = place[c] == here ? from[c] : T{};
    to[c] = static_cast<T>(T{} + part);
  }
}
// In bits, which vectorise: -0 becomes 0, as above.
template <class Place>
void put_where(BFloat16* __restrict to, const BFloat16* __restrict from,
               const Place* __restrict place, Place here, std::int64_t channels) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::uint16_t bits = from[c].bits;
    to[c].bits = ((place[c] == here) & (bits != 0x8000U)) ? bits : std::uint16_t{0};
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
  bool first = true;
  for_each_place(x, p, window_of(p, x, g), g, [&](std::int64_t offset, std::int64_t number) {
    const T* in = x.as<T>() + offset;
    const auto here = static_cast<Place>(number);
    if (std::exchange(first, false)) {
      std::copy(in, in + channels, out);
      std::fill(place, place + channels, here);
    } else {
      take_larger(out, place, in, here, channels);
    }
  });
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

// Whether no two windows meet and each lies wholly in the image.
bool windows_are_apart(const View& x, const View& y, const PoolGeometry& g) {
  if (g.adaptive[0] != 0 || g.padding != Pair{0, 0} || g.dilation != Pair{1, 1}) return false;
  return g.kernel == g.stride && y.sizes[2] * g.kernel[0] <= x.sizes[2] &&
         y.sizes[3] * g.kernel[1] <= x.sizes[3];
}

// Max pooling by 2 x 2 without overlap, row of pixels by row of pixels.
template <class T, class Place>
void max_pool_by_two(const View& y, const View& places, const View& x) {
  const std::int64_t channels = x.sizes[1];
  const std::int64_t width = y.sizes[3];
  const std::int64_t line = x.sizes[3] * channels;
  parallel_for(Split(y.sizes[0] * y.sizes[2], kGrain / (4 * width * channels + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) {
                   const std::int64_t n = row / y.sizes[2];
                   const std::int64_t h = row % y.sizes[2];
                   const T* in = x.as<T>() + (n * x.sizes[2] + 2 * h) * line;
                   const std::int64_t at = row * width * channels;
                   for (std::int64_t w = 0; w < width; ++w, in += 2 * channels) {
                     const std::int64_t to = at + w * channels;
                     const std::array<const T*, 4> window = {in, in + channels, in + line,
                                                             in + line + channels};
                     T* const out = y.as<T>() + to;
                     Place* const place = places.as<Place>() + to;
                     std::int64_t done = 0;
                     if constexpr (!std::is_same_v<T, double> && sizeof(Place) == 1) {
                       done = take_largest_of_four(out, place, window, channels);
                     }
                     take_largest_of_four(out, place, window, done, channels);
                   }
                 }
               });
}

// The scatter of windows that are apart: every element is written once, nothing is zeroed before.
template <class T, class Place>
void scatter_apart(const View& gx, const View& gy, const View& places, const PoolGeometry& g) {
  const std::int64_t channels = gx.sizes[1];
  const std::int64_t line = gx.sizes[3] * channels;
  const std::int64_t outputs = gy.sizes[2] * gy.sizes[3];
  const std::int64_t covered = gy.sizes[3] * g.kernel[1] * channels;  // of a line
  const auto line_of = [&](std::int64_t n, std::int64_t h, T* to) {
    const std::int64_t out = h / g.kernel[0];
    if (out >= gy.sizes[2]) {
      std::fill(to, to + line, T{});
      return;
    }
    const std::int64_t from = (n * outputs + out * gy.sizes[3]) * channels;
    const std::int64_t first = h % g.kernel[0] * g.kernel[1];
    T* at = to;
    for (std::int64_t w = 0; w < gy.sizes[3]; ++w) {
      for (std::int64_t k = 0; k < g.kernel[1]; ++k, at += channels) {
        put_where(at, gy.as<T>() + from + w * channels, places.as<Place>() + from + w * channels,
                  static_cast<Place>(first + k), channels);
      }
    }
    std::fill(to + covered, to + line, T{});
  };
  parallel_for(Split(gx.sizes[0] * gx.sizes[2], kGrain / (line + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) {
                   line_of(row / gx.sizes[2], row % gx.sizes[2], gx.as<T>() + row * line);
                 }
               });
}

template <class T>
void zero_image(const View& x) {
  std::fill(x.as<T>(), x.as<T>() + x.sizes.numel(), T{});
}

double divisor(const Window& window, const View& x, const PoolGeometry& g) {
  if (g.divisor != 0) return static_cast<double>(g.divisor);
  const auto& [rows, columns] = window;
  if (!g.count_include_pad || g.adaptive[0] != 0) {
    return static_cast<double>((rows.end - rows.begin) * (columns.end - columns.begin));
  }
  // As in PyTorch, what hangs over the padding does not count.
  const std::int64_t height = std::min(rows.origin + g.kernel[0], x.sizes[2] + g.padding[0]);
  const std::int64_t width = std::min(columns.origin + g.kernel[1], x.sizes[3] + g.padding[1]);
  return static_cast<double>((height - rows.origin) * (width - columns.origin));
}

// The mean under one pixel, for as many channels at a time as fit into registers.
template <class T>
void mean_pixel(const View& y, const View& x, const Pixel& p, const PoolGeometry& g) {
  constexpr std::int64_t kBlock = 16;
  const std::int64_t channels = x.sizes[1];
  const Window window = window_of(p, x, g);
  const double scale = 1.0 / divisor(window, x, g);
  for (std::int64_t first = 0; first < channels; first += kBlock) {
    const std::int64_t count = std::min(kBlock, channels - first);
    std::array<double, kBlock> totals{};
    for_each_place(x, p, window, g, [&](std::int64_t offset, std::int64_t) {
      const T* in = x.as<T>() + offset + first;
      for (std::int64_t c = 0; c < count; ++c) {
        totals[static_cast<std::size_t>(c)] += static_cast<double>(in[c]);
      }
    });
    T* out = y.as<T>() + p.offset + first;
    for (std::int64_t c = 0; c < count; ++c) {
      out[c] = static_cast<T>(totals[static_cast<std::size_t>(c)] * scale);
    }
  }
}

}  // namespace

void max_pool2d(const View& y, const View& places, const View& x, const PoolGeometry& g) {
  const bool by_two = g.kernel == Pair{2, 2} && windows_are_apart(x, y, g);
  dispatch_places(x, places, [&]<class T, class Place>(T, Place) {
    if (by_two) {
      max_pool_by_two<T, Place>(y, places, x);
    } else {
      for_each_pixel(y, [&](const Pixel& p) { max_pixel<T, Place>(y, places, x, p, g); });
    }
  });
}

void max_pool2d_scatter(const View& gx, const View& gy, const View& places, const PoolGeometry& g) {
  const bool apart = windows_are_apart(gx, gy, g);
  dispatch_places(gx, places, [&]<class T, class Place>(T, Place) {
    if (apart) {
      scatter_apart<T, Place>(gx, gy, places, g);
      return;
    }
    zero_image<T>(gx);
    for_each_pixel_by_image(gy, [&](const Pixel& p) {
      for_each_place(gx, p, window_of(p, gx, g), g, [&](std::int64_t to, std::int64_t place) {
        add_where<T, Place>(gx.as<T>() + to, gy.as<T>() + p.offset, places.as<Place>() + p.offset,
                            static_cast<Place>(place), gy.sizes[1]);
      });
    });
  });
}

void max_pool2d_gather(const View& y, const View& x, const View& places, const PoolGeometry& g) {
  dispatch_places(x, places, [&]<class T, class Place>(T, Place) {
    for_each_pixel(y, [&](const Pixel& p) {
      const Window window = window_of(p, x, g);
      for (std::int64_t c = 0; c < y.sizes[1]; ++c) {
        const std::int64_t place = places.as<Place>()[p.offset + c];
        y.as<T>()[p.offset + c] =
            x.as<T>()[under(x, p, window, place / g.kernel[1], place % g.kernel[1]) + c];
      }
    });
  });
}

void max_pool2d_indices(const View& indices, const View& places, const View& x,
                        const PoolGeometry& g) {
  dispatch_places(x, places, [&]<class T, class Place>(T, Place) {
    for_each_pixel(indices, [&](const Pixel& p) {
      const auto [rows, columns] = window_of(p, x, g);
      for (std::int64_t c = 0; c < indices.sizes[1]; ++c) {
        const std::int64_t place = places.as<Place>()[p.offset + c];
        indices.as<std::int64_t>()[p.offset + c] =
            rows.at(place / g.kernel[1]) * x.sizes[3] + columns.at(place % g.kernel[1]);
      }
    });
  });
}

void avg_pool2d(const View& y, const View& x, const PoolGeometry& g) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    for_each_pixel(y, [&](const Pixel& p) { mean_pixel<T>(y, x, p, g); });
  });
}

void avg_pool2d_grad(const View& gx, const View& gy, const PoolGeometry& g) {
  dispatch_floating(gx.dtype, [&]<class T>(T) {
    zero_image<T>(gx);
    for_each_pixel_by_image(gy, [&](const Pixel& p) {
      const Window window = window_of(p, gx, g);
      const auto scale = static_cast<Compute<T>>(1.0 / divisor(window, gx, g));
      const T* from = gy.as<T>() + p.offset;
      for_each_place(gx, p, window, g, [&](std::int64_t offset, std::int64_t) {
        T* to = gx.as<T>() + offset;
        for (std::int64_t c = 0; c < gy.sizes[1]; ++c) {
          to[c] = static_cast<T>(to[c] + from[c] * scale);
        }
      });
    });
  });
}

}  // namespace gradus::kernels
