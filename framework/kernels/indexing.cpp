#include "framework/kernels/indexing.h"
#include "framework/kernels/error.h"
#include "framework/kernels/parallel.h"

#include <vector>

namespace gradus::kernels {
namespace {

using Index = std::span<const std::int64_t>;

[[noreturn]] void refuse(std::int64_t index, std::int64_t size, int dim) {
  throw ValueError("index " + std::to_string(index) + " is out of range for dim " +
                   std::to_string(dim) + " of size " + std::to_string(size));
}

template <class T>
void copy_row(const T* from, std::int64_t count, T* to) {
  if (count == 1) {  // not worth a call of memmove
    *to = *from;
  } else {
    std::copy_n(from, count, to);
  }
}

// Rows in any order are a stream that the hardware cannot foretell: each one is asked for while
// those before it are copied.
constexpr std::int64_t kAhead = 2048;  // bytes

std::int64_t rows_ahead(std::int64_t row_bytes) {
  return kAhead / (row_bytes + 1) + 1;
}

template <class T>
void ask_for_row(const T* row, std::int64_t count) {
  constexpr std::int64_t kLine = 64;
  constexpr std::int64_t kMost = 4096;  // bytes: a longer row is a stream by itself
  const auto* bytes = reinterpret_cast<const std::byte*>(row);
  const std::int64_t length = std::min(count * static_cast<std::int64_t>(sizeof(T)), kMost);
  for (std::int64_t at = 0; at < length; at += kLine) __builtin_prefetch(bytes + at);
}

// A contiguous tensor as [outer, size, inner] around a dim.
struct Block {
  std::int64_t outer = 1;
  std::int64_t size;
  std::int64_t inner = 1;

  Block(const Shape& sizes, int dim) : size(sizes[dim]) {
    for (int d = 0; d < dim; ++d) outer *= sizes[d];
    for (int d = dim + 1; d < sizes.size(); ++d) inner *= sizes[d];
  }
};

// The places j of an index, sorted by index[j]; equal ones stay in order.
struct Buckets {
  std::vector<std::int64_t> starts;  // of the bucket of each row, and the end of the last one
  std::vector<std::int64_t> places;

  Buckets(Index index, std::int64_t rows)
      : starts(static_cast<std::size_t>(rows) + 1, 0), places(index.size()) {
    for (const std::int64_t row : index) ++starts[static_cast<std::size_t>(row) + 1];
    for (std::size_t row = 1; row < starts.size(); ++row) starts[row] += starts[row - 1];
    std::vector<std::int64_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t j = 0; j < index.size(); ++j) {
      std::int64_t& place = next[static_cast<std::size_t>(index[j])];
      places[static_cast<std::size_t>(place++)] = static_cast<std::int64_t>(j);
    }
  }
};

constexpr std::int64_t kWideRow = 512;  // elements worth splitting among threads

// Calls body(row of x, row of y, first, last element) for every outer, j and element, the j of one
// row of x in order and on one thread.
template <class Body>
void for_each_row(const Block& x, Index index, Body body) {
  const auto count = static_cast<std::int64_t>(index.size());
  const auto over = [&](std::int64_t o, std::int64_t j, std::int64_t first, std::int64_t last) {
    body(o * x.size + index[static_cast<std::size_t>(j)], o * count + j, first, last);
  };
  const std::int64_t work = x.outer * count * x.inner;
  if (work <= kGrain || x.inner >= kWideRow) {
    const std::int64_t grain = work <= kGrain ? x.inner : std::int64_t{64};
    parallel_for(Split(x.inner, grain), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t o = 0; o < x.outer; ++o) {
        for (std::int64_t j = 0; j < count; ++j) over(o, j, first, last);
      }
    });
    return;
  }
  const Buckets buckets(index, x.size);
  const std::int64_t per_row = std::max<std::int64_t>(work / x.size, 1);
  parallel_for(Split(x.size, kGrain / per_row + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = 0; o < x.outer; ++o) {
      for (std::int64_t row = begin; row < end; ++row) {
        const auto r = static_cast<std::size_t>(row);
        for (std::int64_t k = buckets.starts[r]; k < buckets.starts[r + 1]; ++k) {
          over(o, buckets.places[static_cast<std::size_t>(k)], 0, x.inner);
        }
      }
    }
  });
}

// What gather and scatter have in common: the loops over y and its index. The lanes along `dim`
// never meet in x, so each is walked by one thread, in order.
class Lanes {
 public:
  Lanes(const View& x, const View& y, int dim, const View& index)
      : x_(as_vector(x)), y_(as_vector(y)), index_(as_vector(index)), dim_(dim) {
    for (int d = index_.sizes.size() - 1; d >= 0 && lane_ < 0; --d) {
      if (d != dim_) lane_ = d;
    }
    length_ = index_.sizes[dim_];
    width_ = lane_ < 0 ? 1 : index_.sizes[lane_];
    limit_ = static_cast<std::uint64_t>(x_.sizes[dim_]);
  }

  // Calls body(offset in x, offset in y).
  template <class Body>
  void walk(Body body) const {
    const std::int64_t numel = index_.sizes.numel();
    if (numel == 0) return;
    const std::int64_t rows = numel / (length_ * width_);
    if (rows >= 16) {
      parallel_for(Split(rows, kGrain / (length_ * width_) + 1), [&](auto begin, auto end) {
        for (std::int64_t row = begin; row < end; ++row) walk_row(row, 0, width_, body);
      });
      return;
    }
    const Split split(width_, kGrain / length_ + 1);
    parallel_for(rows * split.chunks, [&](std::int64_t chunk) {
      const std::int64_t part = chunk % split.chunks;
      walk_row(chunk / split.chunks, split.begin(part), split.end(part), body);
    });
  }

 private:
  static View as_vector(const View& view) {
    return view.sizes.empty() ? view.with({1}, {1}) : view;
  }

  template <class Body>
  void walk_row(std::int64_t row, std::int64_t first, std::int64_t last, Body& body) const {
    std::int64_t in_x = 0;
    std::int64_t in_y = 0;
    std::int64_t in_index = 0;
    for (int d = index_.sizes.size() - 1; d >= 0; --d) {
      if (d == dim_ || d == lane_) continue;
      const std::int64_t i = row % index_.sizes[d];
      row /= index_.sizes[d];
      in_x += i * x_.strides[d];
      in_y += i * y_.strides[d];
      in_index += i * index_.strides[d];
    }
    const auto step = [&](const View& view) { return lane_ < 0 ? 0 : view.strides[lane_]; };
    const std::int64_t x_step = step(x_);
    const std::int64_t y_step = step(y_);
    const std::int64_t index_step = step(index_);
    const std::int64_t x_along = x_.strides[dim_];
    const std::int64_t y_along = y_.strides[dim_];
    const std::int64_t index_along = index_.strides[dim_];
    const auto* index = index_.as<std::int64_t>() + in_index;
    const auto visit = [&](std::int64_t lane, std::int64_t j) {
      const std::int64_t place = index[lane * index_step + j * index_along];
      if (static_cast<std::uint64_t>(place) >= limit_) {
        refuse(place, static_cast<std::int64_t>(limit_), dim_);
      }
      body(in_x + lane * x_step + place * x_along, in_y + lane * y_step + j * y_along);
    };
    if (index_along > index_step || length_ == 1) {
      for (std::int64_t j = 0; j < length_; ++j) {
        for (std::int64_t lane = first; lane < last; ++lane) visit(lane, j);
      }
    } else {
      for (std::int64_t lane = first; lane < last; ++lane) {
        for (std::int64_t j = 0; j < length_; ++j) visit(lane, j);
      }
    }
  }

  View x_;
  View y_;
  View index_;
  int dim_;
  int lane_ = -1;  // the innermost of the other dims
  std::int64_t length_ = 1;
  std::int64_t width_ = 1;
  std::uint64_t limit_ = 1;
};

}  // namespace

void check_indices(Index index, std::int64_t size, int dim) {
  const auto limit = static_cast<std::uint64_t>(size);
  const auto outside = [=](std::int64_t i) { return static_cast<std::uint64_t>(i) >= limit; };
  bool any = false;
  for (const std::int64_t each : index) any |= outside(each);
  if (any) refuse(*std::find_if(index.begin(), index.end(), outside), size, dim);
}

void take_rows(const View& y, const View& x, int dim, Index index) {
  if (y.sizes.numel() == 0) return;
  const Block from(x.sizes, dim);
  const auto count = static_cast<std::int64_t>(index.size());
  const Split split(from.outer * count, kGrain / from.inner + 1);
  dispatch(x.dtype, [&]<class T>(T) {
    parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
      std::int64_t o = begin / count;
      std::int64_t j = begin % count;
      T* to = y.as<T>() + begin * from.inner;
      if (from.inner == 1 && from.outer == 1) {
        for (; j < end; ++j) *to++ = x.as<T>()[index[static_cast<std::size_t>(j)]];
        return;
      }
      const std::int64_t ahead = rows_ahead(from.inner * static_cast<std::int64_t>(sizeof(T)));
      for (std::int64_t row = begin; row < end; ++row, to += from.inner) {
        const auto source = [&](std::int64_t place) {
          const std::int64_t in_dim = index[static_cast<std::size_t>(place)];
          return x.as<T>() + (o * from.size + in_dim) * from.inner;
        };
        if (j + ahead < count) ask_for_row(source(j + ahead), from.inner);
        copy_row(source(j), from.inner, to);
        if (++j == count) {
          j = 0;
          ++o;
        }
      }
    });
  });
}

void put_rows(const View& x, const View& y, int dim, Index index) {
  if (y.sizes.numel() == 0) return;
  const Block block(x.sizes, dim);
  dispatch(x.dtype, [&]<class T>(T) {
    for_each_row(block, index, [&](auto to, auto from, auto first, auto last) {
      copy_row(y.as<T>() + from * block.inner + first, last - first,
               x.as<T>() + to * block.inner + first);
    });
  });
}

void add_rows(const View& x, const View& y, int dim, Index index) {
  if (y.sizes.numel() == 0) return;
  const Block block(x.sizes, dim);
  dispatch(y.dtype, [&]<class T>(T) {
    using Sum = Compute<T>;
    for_each_row(block, index, [&](auto to, auto from, auto first, auto last) {
      const T* source = y.as<T>() + from * block.inner;
      Sum* target = x.as<Sum>() + to * block.inner;
      for (std::int64_t i = first; i < last; ++i) {
        target[i] = static_cast<Sum>(target[i] + static_cast<Sum>(source[i]));
      }
    });
  });
}

void gather(const View& y, const View& x, int dim, const View& index) {
  dispatch(x.dtype, [&]<class T>(T) {
    const T* from = x.as<T>();
    T* to = y.as<T>();
    Lanes(x, y, dim, index).walk([=](auto in_x, auto in_y) { to[in_y] = from[in_x]; });
  });
}

void scatter(const View& x, const View& y, int dim, const View& index) {
  dispatch(x.dtype, [&]<class T>(T) {
    const T* from = y.as<T>();
    T* to = x.as<T>();
    Lanes(x, y, dim, index).walk([=](auto in_x, auto in_y) { to[in_x] = from[in_y]; });
  });
}

void scatter_add(const View& x, const View& y, int dim, const View& index) {
  dispatch(y.dtype, [&]<class T>(T) {
    using Sum = Compute<T>;
    const T* from = y.as<T>();
    Sum* to = x.as<Sum>();
    Lanes(x, y, dim, index).walk([=](auto in_x, auto in_y) {
      to[in_x] = static_cast<Sum>(to[in_x] + static_cast<Sum>(from[in_y]));
    });
  });
}

}  // namespace gradus::kernels
