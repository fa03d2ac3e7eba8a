#include "framework/kernels/elementwise.h"

namespace gradus::kernels {
namespace {

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<To, std::uint8_t> && !std::is_integral_v<From>) {
    // What a uint8 cannot hold wraps instead of being undefined.
    return static_cast<To>(static_cast<std::int64_t>(static_cast<Compute<From>>(value)));
  } else {
    return static_cast<To>(static_cast<Compute<From>>(value));
  }
}

template <class Number>
void fill_with(const View& out, Number value) {
  dispatch(out.dtype, [&]<class T>(T) {
    const T typed = converted<T>(value);
    map<T>([=] { return typed; }, out);
  });
}

}  // namespace

void copy(const View& out, const View& in) {
  dispatch(out.dtype, [&]<class To>(To) {
    dispatch(in.dtype, [&]<class From>(From) {
      map<To, From>([](From value) { return converted<To>(value); }, out, in);
    });
  });
}

void fill(const View& out, double value) {
  fill_with(out, value);
}

void fill(const View& out, std::int64_t value) {
  fill_with(out, value);
}

}  // namespace gradus::kernels
