#include "framework/kernels/sort.h"
#include "framework/kernels/reduction.h"

#include <compare>

namespace gradus::kernels {
namespace {

// A number whose unsigned order is the order of the values: all NaN are one, and the largest.
template <class T>
auto order_key(T x) {
  if constexpr (std::is_same_v<T, double>) {
    const auto bits = std::bit_cast<std::uint64_t>(x == 0 ? 0.0 : x);
    if (x != x) return ~std::uint64_t{0};
    return (bits >> 63U) != 0 ? ~bits : bits | std::uint64_t{1} << 63U;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return static_cast<std::uint64_t>(x) ^ std::uint64_t{1} << 63U;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::uint32_t>(x);
  } else {
    const auto value = static_cast<float>(x);
    const auto bits = std::bit_cast<std::uint32_t>(value == 0 ? 0.0F : value);
    if (value != value) return ~std::uint32_t{0};
    return (bits >> 31U) != 0 ? ~bits : bits | std::uint32_t{1} << 31U;
  }
}

// A value and its place; the order is that of the values, then that of the places.
struct Wide {
  std::uint64_t key = 0;
  std::int64_t index = 0;
  Wide() = default;
  Wide(std::uint64_t order, std::int64_t place) : key(order), index(place) {}
  [[nodiscard]] std::int64_t place() const { return index; }
  friend auto operator<=>(const Wide&, const Wide&) = default;
};

struct Packed {
  std::uint64_t bits = 0;
  Packed() = default;
  Packed(std::uint32_t order, std::int64_t place)
      : bits(std::uint64_t{order} << 32U | static_cast<std::uint64_t>(place)) {}
  [[nodiscard]] std::int64_t place() const { return static_cast<std::int64_t>(bits & 0xffffffffU); }
  friend auto operator<=>(const Packed&, const Packed&) = default;
};

// Sorts by the upper half, a byte at a time from the lowest: stable, so ties keep their order.
void radix_sort(Packed* entries, Packed* spare, std::int64_t count) {
  for (unsigned shift = 32; shift < 64; shift += 8) {
    std::array<std::int64_t, 256> starts{};
    for (std::int64_t i = 0; i < count; ++i) ++starts[entries[i].bits >> shift & 0xffU];
    std::int64_t total = 0;
    bool sorted = false;
    for (std::int64_t& start : starts) {
      sorted = sorted || start == count;
      total += std::exchange(start, total);
    }
    if (sorted) continue;
    for (std::int64_t i = 0; i < count; ++i) {
      spare[starts[entries[i].bits >> shift & 0xffU]++] = entries[i];
    }
    std::copy(spare, spare + count, entries);
  }
}

template <class Entry>
void sort_entries(Entry* entries, Entry* spare, std::int64_t count) {
  if constexpr (std::is_same_v<Entry, Packed>) {
    if (count >= 512) {
      radix_sort(entries, spare, count);
      return;
    }
  }
  std::sort(entries, entries + count);
}

// Calls arrange(entries, spare, count) for every line along `dim`; it returns the first of the
// entries to write.
template <class T, class Entry, class Arrange>
void order_lines(const View& values, const View& indices, const View& in, int dim, bool descending,
                 Arrange arrange) {
  Shape along = Shape::filled(in.sizes.size(), 0);
  if (!along.empty()) along[dim] = 1;
  const ReductionPlan plan(indices, in, along);
  const std::int64_t length = plan.reduced.numel;
  const std::int64_t step = plan.reduced.in[0];
  const std::int64_t wanted = along.empty() ? 1 : indices.sizes[dim];
  const std::int64_t out_step = along.empty() ? 1 : indices.strides[dim];
  parallel_for(Split(plan.kept.numel, kGrain / 16 / std::max(length, std::int64_t{1}) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 Scratch<Entry> memory(2 * length);
                 Entry* entries = memory.data();
                 for (Walk line(plan.kept, begin); line.index < end; line.next()) {
                   const T* from = in.as<T>() + line.in;
                   for (std::int64_t i = 0; i < length; ++i) {
                     const auto key = order_key(from[i * step]);
                     entries[i] = {descending ? static_cast<decltype(key)>(~key) : key, i};
                   }
                   const Entry* first = arrange(entries, entries + length, length);
                   for (std::int64_t i = 0; i < wanted; ++i) {
                     const std::int64_t to = line.out + i * out_step;
                     const std::int64_t place = first[i].place();
                     indices.as<std::int64_t>()[to] = place;
                     values.as<T>()[to] = from[place * step];
                   }
                 }
               });
}

template <class Arrange>
void for_each_line(const View& values, const View& indices, const View& in, int dim,
                   bool descending, Arrange arrange) {
  if (indices.sizes.numel() == 0) return;
  const std::int64_t length = in.sizes.empty() ? 1 : in.sizes[dim];
  dispatch(in.dtype, [&]<class T>(T) {
    constexpr bool kNarrow = sizeof(order_key(T{})) == 4;
    if constexpr (kNarrow) {
      if (length <= std::int64_t{1} << 32U) {
        order_lines<T, Packed>(values, indices, in, dim, descending, arrange);
        return;
      }
    }
    order_lines<T, Wide>(values, indices, in, dim, descending, arrange);
  });
}

bool is_nan_key(const Wide& entry) {
  return entry.key == ~std::uint64_t{0};
}
bool is_nan_key(const Packed& entry) {
  return entry.bits >> 32U == 0xffffffffU;
}

template <class T>
struct Before {
  bool operator()(T a, T b) const { return order_key(a) < order_key(b); }
};

}  // namespace

void sort(const View& values, const View& indices, const View& in, int dim, bool descending) {
  for_each_line(values, indices, in, dim, descending,
                [](auto* entries, auto* spare, std::int64_t count) {
                  sort_entries(entries, spare, count);
                  return entries;
                });
}

void topk(const View& values, const View& indices, const View& in, int dim, bool largest) {
  const std::int64_t wanted = in.sizes.empty() ? 1 : indices.sizes[dim];
  for_each_line(values, indices, in, dim, largest,
                [wanted](auto* entries, auto* spare, std::int64_t count) {
                  if (wanted < count) {
                    std::nth_element(entries, entries + wanted, entries + count);
                  }
                  sort_entries(entries, spare, wanted);
                  return entries;
                });
}

void nth(const View& values, const View& indices, const View& in, int dim, std::int64_t place,
         bool nan_wins) {
  const bool floating = is_floating(in.dtype);
  for_each_line(values, indices, in, dim, false,
                [=](auto* entries, auto* /*spare*/, std::int64_t count) {
                  if (nan_wins && floating) {
                    auto* found = std::find_if(entries, entries + count,
                                               [](const auto& each) { return is_nan_key(each); });
                    if (found != entries + count) return found;
                  }
                  std::nth_element(entries, entries + place, entries + count);
                  return entries + place;
                });
}

void searchsorted(const View& out, const View& sorted, const View& values, std::int64_t lines,
                  bool right) {
  const std::int64_t length = sorted.sizes.back();
  const std::int64_t numel = values.sizes.numel();
  if (numel == 0) return;
  const std::int64_t per_line = numel / lines;
  dispatch(sorted.dtype, [&]<class T>(T) {
    parallel_for(Split(numel, kGrain / 16), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T* line = sorted.as<T>() + (lines == 1 ? 0 : i / per_line * length);
        const T value = values.as<T>()[i];
        const T* place = right ? std::upper_bound(line, line + length, value, Before<T>())
                               : std::lower_bound(line, line + length, value, Before<T>());
        out.as<std::int64_t>()[i] = place - line;
      }
    });
  });
}

}  // namespace gradus::kernels
